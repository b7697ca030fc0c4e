/**
 * The relay's token: 256 random bits in a file that only its user can read. Made at the first start; everything of
 * the same user finds it there. It is never logged and never given to a child process.
 */
import {
  closeSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { ExitError, UNSAFE } from '../util/exit.ts';
import { type Random, secret } from '../util/random.ts';

/** What `secret` makes, or longer: a shorter one was typed by hand and can be guessed. */
const TOKEN_PATTERN = /^[A-Za-z0-9_-]{43,512}$/;

/** Reads `<home>/token`, or makes it. Throws an ExitError when others can read it, or it is not ours. */
export function loadToken(home: string, random: Random): string {
  mkdirSync(home, { recursive: true, mode: 0o700 });
  checkPrivate(home, 'directory');
  const path = join(home, 'token');
  return readToken(path) ?? makeToken(path, random);
}

function readToken(path: string): string | undefined {
  if (!checkPrivate(path, 'file')) return undefined;
  const token = readFileSync(path, 'utf8').trim();
  if (TOKEN_PATTERN.test(token)) return token;
  throw new ExitError(UNSAFE, `${path} does not hold a token; remove it, and the next start makes a new one.`);
}

/** False when there is nothing. A link is refused: what it points to is somebody else's choice. */
function checkPrivate(path: string, kind: 'file' | 'directory'): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found) return false;
  const isKind = kind === 'file' ? found.isFile() : found.isDirectory() || found.isSymbolicLink();
  if (!isKind) throw new ExitError(UNSAFE, `${path} is not a ${kind}; move it away.`);
  if (process.platform === 'win32' || found.isSymbolicLink()) return true;
  if (found.uid !== process.getuid?.()) throw new ExitError(UNSAFE, `${path} belongs to another user; move it away.`);
  if ((found.mode & 0o077) === 0) return true;
  throw new ExitError(UNSAFE, `Others can open ${path}; run: chmod ${kind === 'file' ? '600' : '700'} ${quoted(path)}`);
}

/** Written whole beside it and then linked: of two first starts one wins, and neither reads half a token. */
function makeToken(path: string, random: Random): string {
  const token = secret(random);
  const draft = `${path}.${process.pid}.new`;
  rmSync(draft, { force: true });
  const handle = openSync(draft, 'wx', 0o600);
  try {
    writeSync(handle, `${token}\n`);
    fsyncSync(handle);
    linkSync(draft, path);
    return token;
  } catch (error) {
    const winner = readToken(path);
    if (winner === undefined) throw error;
    return winner;
  } finally {
    closeSync(handle);
    rmSync(draft, { force: true });
  }
}

function quoted(path: string): string {
  return `'${path.replaceAll("'", `'\\''`)}'`;
}
