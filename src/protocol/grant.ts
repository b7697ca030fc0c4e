/**
 * What a person may do, beyond what everybody may with their own sessions. Kept on the relay, given by who administers
 * it, never claimed by a client.
 *
 *     send:CC-1  send:CC-1@bert  send:@bert (all sessions of bert)  send:#build  send:all
 *     read:#build  read:all      join that room, and read what is sent to it; all: every room and every broadcast
 *     see:CC-1  see:@bert  see:all     is it here, and what does it do? Who may write to it may see that, too
 *     administer                       invite, grant, revoke, back up, prune
 */
import { isName, peerOf, ROOM_PATTERN } from './address.ts';
import { type Check, text } from './check.ts';
import { RelayError } from './codes.ts';

export const MAYS = ['send', 'read', 'see', 'administer'] as const;
export type May = (typeof MAYS)[number];

export interface Grant {
  readonly may: May;
  /** A name, `@person`, a room, or `all`. */
  readonly what: string;
}

const LONGEST = 140;

/** Throws `bad_request` with the forms that there are. */
export function grantOf(written: string): Grant {
  if (written === 'administer') return { may: 'administer', what: 'all' };
  const [word, what = ''] = splitOnce(written);
  const may = MAYS.find((known) => known === word);
  if (may !== undefined && FITS[may](what)) return { may, what };
  throw new RelayError(
    'bad_request',
    'A grant is send:, read: or see: with a name, @person, #room or all (send:@bert, read:#build), or administer.',
  );
}

export function grantText({ may, what }: Grant): string {
  return may === 'administer' ? may : `${may}:${what}`;
}

export const grantField: Check<Grant> = {
  schema: { type: 'string' },
  read: (value, path) => grantOf(text({ max: LONGEST, min: 1 }).read(value, path)),
};

const isSessions = (what: string) => what === 'all' || peerOf(what) !== undefined || isWhole(what);
const isRoom = (what: string) => ROOM_PATTERN.test(what);
const isWhole = (what: string) => what.startsWith('@') && isName(what.slice(1));

const FITS: Readonly<Record<May, (what: string) => boolean>> = {
  send: (what) => isSessions(what) || isRoom(what),
  read: (what) => what === 'all' || isRoom(what),
  see: isSessions,
  administer: () => false,
};

function splitOnce(written: string): [string, string?] {
  const at = written.indexOf(':');
  return at < 0 ? [written] : [written.slice(0, at), written.slice(at + 1)];
}
