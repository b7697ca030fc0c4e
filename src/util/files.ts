/**
 * Files that hold state or secrets. The rules, everywhere in the state directory:
 * directories are ours and 0700, files are ours and 0600, symbolic links are refused (somebody may have planted them),
 * and a file is replaced as a whole: temporary file, fsync, rename, fsync of the directory. A reader sees the old
 * text or the new one, also after a power cut.
 *
 * On Windows there are no modes; there the directory's inherited access list stands for them.
 */
import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { errno, Failure } from './failure.ts';
import { type Random, systemRandom } from './random.ts';
import { shellQuote } from './shell-quote.ts';

const OTHERS = 0o077;
const OTHERS_WRITE = 0o022;
const HAS_MODES = process.platform !== 'win32';
/** Undefined on Windows; `| 0` there. */
const NOFOLLOW = constants.O_NOFOLLOW ?? 0;
const NONBLOCK = constants.O_NONBLOCK ?? 0;

/** Makes the directory (and missing parents) 0700, or checks the one that is there; throws an `unsafe` Failure. */
export function ensurePrivateDir(dir: string): void {
  const made = mkdirSync(dir, { recursive: true, mode: 0o700 });
  // A umask of 0277 or so would have taken even our own bits.
  if (made !== undefined && HAS_MODES) chmodSync(dir, 0o700);
  checkPrivateDir(dir);
}

/** Throws an `unsafe` Failure that says the remedy; ENOENT when there is no such directory. */
export function checkPrivateDir(dir: string): void {
  const stats = lstatSync(dir);
  if (stats.isSymbolicLink()) {
    throw new Failure('unsafe', `${dir} is a symbolic link.`, 'Replace it by a directory of your own.');
  }
  if (!stats.isDirectory()) throw new Failure('unsafe', `${dir} is not a directory.`, 'Move it out of the way.');
  checkOwnerAndMode(dir, stats, '700');
}

/** Throws an `unsafe` Failure for a file that others can reach or that is a link; ENOENT when there is none. */
export function checkPrivateFile(path: string): void {
  const stats = lstatSync(path);
  if (stats.isSymbolicLink()) throw linkRefused(path);
  checkOwnerAndMode(path, stats, '600');
}

interface ReadOptions {
  /** Others may read the file (it holds no secret), not write it. */
  readonly readable?: boolean;
}

/** The text of a private file, or undefined when there is none; throws an `unsafe` Failure for one that others can reach. */
export function readPrivate(path: string, options: ReadOptions = {}): string | undefined {
  const fd = openExisting(path);
  if (fd === undefined) return undefined;
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) throw new Failure('unsafe', `${path} is not a plain file.`, 'Move it out of the way.');
    checkOwnerAndMode(path, stats, '600', options.readable ? OTHERS_WRITE : OTHERS);
    return readFileSync(fd, 'utf8');
  } finally {
    closeSync(fd);
  }
}

/** O_NONBLOCK: a planted FIFO must not hang the start. */
function openExisting(path: string): number | undefined {
  try {
    return openSync(path, constants.O_RDONLY | NOFOLLOW | NONBLOCK);
  } catch (error) {
    if (errno(error) === 'ENOENT') return undefined;
    if (errno(error) === 'ELOOP') throw linkRefused(path, error);
    throw error;
  }
}

function linkRefused(path: string, cause?: unknown): Failure {
  return new Failure('unsafe', `${path} is a symbolic link.`, 'Replace it by a file of your own.', cause);
}

function checkOwnerAndMode(path: string, stats: Stats, wanted: '600' | '700', forbidden = OTHERS): void {
  if (!HAS_MODES) return;
  const uid = process.getuid?.();
  if (uid !== undefined && stats.uid !== uid) {
    throw new Failure(
      'unsafe',
      `${path} belongs to another user.`,
      'Set CLAUDE_RELAY_HOME to a directory of your own.',
    );
  }
  if ((stats.mode & forbidden) !== 0) {
    const mode = (stats.mode & 0o777).toString(8).padStart(4, '0');
    throw new Failure(
      'unsafe',
      `${path} is open to other users (mode ${mode}).`,
      `chmod ${wanted} ${shellQuote(path)}`,
    );
  }
}

/** Replaces the file as a whole, mode 0600, durable when it returns. The directory must exist. */
export function writeAtomic(path: string, text: string, random: Random = systemRandom): void {
  replaceAtomic(path, text, undefined, random);
}

/** Whose a file of somebody else's is, and what it may. */
export interface Ownership {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** As `writeAtomic`, for a file that is not ours: owner and mode stay what they are; a new one is 0600. Not for links. */
export function replaceAtomic(path: string, text: string, like?: Ownership, random: Random = systemRandom): void {
  refuseLink(path);
  const temporary = temporaryName(path, random);
  try {
    writeDurably(temporary, text, like);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  syncDir(dirname(path));
}

/**
 * Makes the file, mode 0600, and answers true; answers false when something is there already, whoever made it. The file
 * is complete from the moment that it can be seen, hence a link to a finished one and not a plain O_EXCL.
 */
export function createPrivate(path: string, text: string, random: Random = systemRandom): boolean {
  const temporary = temporaryName(path, random);
  try {
    writeDurably(temporary, text);
    linkSync(temporary, path);
  } catch (error) {
    if (errno(error) === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
  syncDir(dirname(path));
  return true;
}

/** Beside `path`, for what shall be called so when it is whole: a name that nobody has. */
export function partName(path: string, random: Random = systemRandom): string {
  // A name may have 255 bytes.
  const name = [...basename(path)].slice(0, 50).join('');
  return join(dirname(path), `.${name}.${Buffer.from(random.bytes(6)).toString('hex')}.part`);
}

/**
 * Gives a finished, synced file the name `path`, durable when it returns, and answers true; answers false when something is
 * there, whoever made it. `part` is gone or still there after an error.
 */
export function giveName(part: string, path: string): boolean {
  try {
    linkOrRename(part, path);
  } catch (error) {
    if (errno(error) === 'EEXIST') return false;
    throw error;
  }
  syncDir(dirname(path));
  return true;
}

/** What file systems without hard links (FAT, some of a network) answer to one. */
const NO_LINKS: readonly (string | undefined)[] = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'];

function linkOrRename(part: string, path: string): void {
  try {
    linkSync(part, path);
    rmSync(part);
  } catch (error) {
    if (!NO_LINKS.includes(errno(error))) throw error;
    // The name is taken first, so that nothing of somebody else's is replaced.
    closeSync(openSync(path, 'wx', 0o600));
    renameSync(part, path);
  }
}

export function syncFile(path: string): void {
  const fd = openSync(path, constants.O_RDWR);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function temporaryName(path: string, random: Random): string {
  return join(dirname(path), `.${basename(path)}.${process.pid}.${Buffer.from(random.bytes(6)).toString('hex')}`);
}

/** O_EXCL: never writes into, or through, anything that is there. */
function writeDurably(path: string, text: string, like?: Ownership): void {
  const fd = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | NOFOLLOW, 0o600);
  try {
    if (HAS_MODES && like !== undefined && !isOwned(fstatSync(fd), like)) fchownSync(fd, like.uid, like.gid);
    if (HAS_MODES) fchmodSync(fd, (like?.mode ?? 0o600) & 0o7777);
    writeFileSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Changing it to what it is would fail for a group that one is not in. */
function isOwned({ uid, gid }: Stats, like: Ownership): boolean {
  return uid === like.uid && gid === like.gid;
}

function refuseLink(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) throw linkRefused(path);
}

/**
 * Best-effort where it cannot be done: Windows and some network file systems cannot sync a directory; the rename itself is atomic
 * there too. A disk that fails at it is no such case, and throws.
 */
export function syncDir(dir: string): void {
  let fd: number | undefined;
  try {
    fd = openSync(dir, constants.O_RDONLY);
    fsyncSync(fd);
  } catch (error) {
    if (errno(error) === 'EIO') throw error;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
