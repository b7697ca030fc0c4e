/**
 * What this machine shows the relay of the other one: asked for over SSH, where the relay's owner lets us in, kept here 0600, and
 * given back by `disconnect`. It is the relay's token, and goes from the standard output of ssh into the token file: it is in no
 * argument list, no log, and nowhere else on the disk.
 *
 * This file is the whole of it: what brings another kind of credential (an invitation, taken through the forward) changes nothing
 * else of `connect`. By the time that it is asked for, the forward at `url` is up.
 */
import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { statePaths } from '../../config/paths.ts';
import { isToken, readToken } from '../../config/token.ts';
import { Failure } from '../../util/failure.ts';
import { writeAtomic } from '../../util/files.ts';
import type { RelayHere } from '../relay-here.ts';
import type { Remote, RemoteProgram } from './remote.ts';

/** What the record keeps of it, so that it can be given back. */
export interface Credential {
  /** The token that was here before: of a relay of this machine's own. */
  readonly before?: string;
  /** Of the one that was brought: SHA-256, for telling it from one that came later. */
  readonly digest: string;
}

interface BringInput {
  /** The state directory here. */
  readonly home: string;
  readonly remote: Remote;
  readonly relay: RelayHere;
  /** What an invitation needs: whom to ask for it, and the near end of the forward through which it is taken. */
  readonly program: RemoteProgram;
  readonly url: string;
  readonly kept: Credential | undefined;
  /** Called before anything is changed. */
  readonly onChange: (credential: Credential) => void;
}

/** From then on every command here is let in by the relay there. The same token again changes nothing. */
export async function bringCredential({ home, remote, relay, kept, onChange }: BringInput): Promise<void> {
  const token = (await remote.read(join(relay.home, 'token'))).trim();
  if (!isToken(token))
    throw new Failure(
      'error',
      `The relay on ${remote.way.target} has no token that could be used.`,
      'Start it again there.',
    );
  const here = readToken(home);
  if (here === token && kept !== undefined) return;
  const isOurs = kept !== undefined && (here === undefined || digestOf(here) === kept.digest);
  const before = isOurs ? kept.before : here;
  onChange({ digest: digestOf(token), ...(before === undefined ? {} : { before }) });
  writeAtomic(statePaths(home).token, `${token}\n`);
}

/** There is nothing to take back on the other machine: its token is its own. May be called twice. */
export function returnCredential(home: string, { before, digest }: Credential): void {
  const here = readToken(home);
  if (here === undefined || digestOf(here) !== digest) return;
  const { token } = statePaths(home);
  if (before === undefined) rmSync(token);
  else writeAtomic(token, `${before}\n`);
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
