/** `<home>/token`: the relay's credential, 256 bits, 0600. The relay makes it; whoever may read the file may come in. */
import { Failure } from '../util/failure.ts';
import { createPrivate, readPrivate, writeAtomic } from '../util/files.ts';
import { type Random, secret, systemRandom } from '../util/random.ts';
import { ensureHome, statePaths } from './paths.ts';

/** What may stand in an Authorization header (RFC 6750, b64token), and is not guessed. */
const TOKEN = /^[A-Za-z0-9._~+/-]{16,512}=*$/;

export const isToken = (text: string): boolean => TOKEN.test(text);

/** Undefined before the relay's first start; an `unsafe` Failure when others can read the file or it holds no token. */
export function readToken(home: string): string | undefined {
  const path = statePaths(home).token;
  const text = readPrivate(path)?.trim();
  if (text === undefined) return undefined;
  if (!isToken(text)) {
    throw new Failure(
      'unsafe',
      `${path} does not hold a token.`,
      'Remove it and start the relay again: it makes a new one.',
    );
  }
  return text;
}

/** Another one; the one before is worth nothing any more. */
export function replaceToken(home: string, random: Random = systemRandom): string {
  const made = secret(random);
  writeAtomic(ensureHome(home).token, `${made}\n`);
  return made;
}

/** The token, made if there is none. Two relays that start at once end up with the same one. */
export function ensureToken(home: string, random: Random = systemRandom): string {
  const paths = ensureHome(home);
  const present = readToken(home);
  if (present !== undefined) return present;
  const made = secret(random);
  if (createPrivate(paths.token, `${made}\n`)) return made;
  const theirs = readToken(home);
  if (theirs === undefined) throw new Failure('error', 'The token file vanished while it was read.', 'Start again.');
  return theirs;
}
