/**
 * A file of the user's, as it is on disk. A link is followed, so that what people keep in a repository of their dotfiles is
 * changed there and stays linked. Refused is what could not be given back as it was.
 */
import { accessSync, constants, lstatSync, readFileSync, readlinkSync, realpathSync, type Stats } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Failure } from '../../util/failure.ts';

export interface Target {
  /** As the program names it. */
  readonly path: string;
  /** Where it is, when `path` is a link. */
  readonly real: string;
  /** With its byte order mark, if it has one; undefined when there is no file. */
  readonly text: string | undefined;
  readonly stats: Stats | undefined;
}

/** As many as Linux follows. */
const MOST_LINKS = 40;
const MOST_BYTES = 64 * 1024 * 1024;

export function readTarget(path: string): Target {
  const real = followed(path);
  const stats = lstatSync(real, { throwIfNoEntry: false });
  if (stats === undefined) return { path, real, text: undefined, stats };
  if (!stats.isFile()) throw refused(path, 'is not a file');
  if (stats.size > MOST_BYTES) throw refused(path, 'is larger than any configuration');
  const bytes = readFileSync(real);
  const text = bytes.toString('utf8');
  if (!Buffer.from(text, 'utf8').equals(bytes)) throw refused(path, 'is not UTF-8');
  return { path, real, text, stats };
}

/** Throws a Failure unless the file can be replaced. The mode is asked too: root may write everywhere, and should not. */
export function checkWritable({ path, real, stats }: Target): void {
  if (stats !== undefined && (stats.mode & 0o200) === 0) throw refused(path, 'is read-only');
  try {
    accessSync(existing(dirname(real)), constants.W_OK);
  } catch {
    throw refused(path, 'is in a directory that you may not write to');
  }
}

/** The directories that have to be made for the file, the outermost first. */
export function missingDirs(file: string): string[] {
  const dir = dirname(file);
  return lstatSync(dir, { throwIfNoEntry: false }) === undefined ? [...missingDirs(dir), dir] : [];
}

function existing(dir: string): string {
  return lstatSync(dir, { throwIfNoEntry: false }) === undefined ? existing(dirname(dir)) : dir;
}

function followed(path: string, links = 0): string {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return path;
  if (links === MOST_LINKS) throw refused(path, 'is a link that leads nowhere');
  return followed(resolve(realpathSync(dirname(path)), readlinkSync(path)), links + 1);
}

function refused(path: string, what: string): Failure {
  return new Failure(
    'error',
    `${path} ${what}.`,
    'Nothing was written. Mend that, or add claude-relay by hand: claude-relay install generic',
  );
}
