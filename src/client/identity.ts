/**
 * Which name this session would like. In order: CLAUDE_RELAY_SESSION_ID, --client-id, RELAY_CLIENT_ID, the name that
 * this working directory and agent session had before, HOSTNAME-pid. The relay decides who gets it.
 *
 * Process ids come again. Whoever was called so before may come back for what is theirs: their mail, and what they have not sent
 * yet, is not for a stranger with the same number, who is HOSTNAME-pid-xxxx.
 */
import { isName, NAME_PATTERN } from '../protocol/address.ts';
import { RelayError } from '../protocol/codes.ts';
import { fewLetters, type Random } from '../util/random.ts';

export type NameSource = 'CLAUDE_RELAY_SESSION_ID' | '--client-id' | 'RELAY_CLIENT_ID' | 'before' | 'made';

export interface Identity {
  readonly name: string;
  readonly source: NameSource;
}

export interface IdentityOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `--client-id`. Given but empty is an error; a variable that is set to nothing is not set. */
  readonly clientId?: string | undefined;
  /** From `Names.find`. */
  readonly before?: string | undefined;
  readonly hostname: string;
  readonly pid: number;
  /** Did a session of this machine have that name? */
  readonly isUsed: (name: string) => boolean;
  readonly random: Random;
}

const LONGEST = 64;

/** Throws `name_invalid` or `name_reserved`, with where it came from: a name that somebody chose is never bent. */
export function wantedName({ env, clientId, before, hostname, pid, isUsed, random }: IdentityOptions): Identity {
  const given: readonly [NameSource, string | undefined][] = [
    ['CLAUDE_RELAY_SESSION_ID', env.CLAUDE_RELAY_SESSION_ID || undefined],
    ['--client-id', clientId],
    ['RELAY_CLIENT_ID', env.RELAY_CLIENT_ID || undefined],
  ];
  for (const [source, name] of given) {
    if (name !== undefined) return { name: checked(name, source), source };
  }
  if (isName(before)) return { name: before, source: 'before' };
  const made = madeName(hostname, `${pid}`);
  const name = isUsed(made) ? madeName(hostname, `${pid}-${fewLetters(random)}`) : made;
  return { name, source: 'made' };
}

/** `HOSTNAME-end`, made to fit: the first label of the host's name, odd characters as dashes, cut to length. */
export function madeName(hostname: string, end: string): string {
  const label = (hostname.split('.', 1)[0] ?? '').replace(/[^A-Za-z0-9_-]/g, '-').replace(/^[^A-Za-z]+/, '');
  const tail = `-${end}`;
  return `${(label || 'session').slice(0, LONGEST - tail.length)}${tail}`;
}

function checked(name: string, source: NameSource): string {
  const fits: boolean = isName(name);
  if (fits) return name;
  const shown = JSON.stringify(name.length > 40 ? `${name.slice(0, 40)}…` : name);
  if (NAME_PATTERN.test(name))
    throw new RelayError('name_reserved', `${source} is ${shown}, which means everybody; choose another name.`);
  throw new RelayError(
    'name_invalid',
    `${source} is ${shown}; a name is a letter, then up to 63 letters, digits, dots, dashes or underscores.`,
  );
}
