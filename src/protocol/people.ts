/** What is asked and answered about people over HTTP: `/challenge` and `/join` by anybody, the rest by who may administer. */
import { nameField } from './address.ts';
import { flag, type Infer, integer, list, optional, shape, text } from './check.ts';
import { grantField } from './grant.ts';
import { LIMITS } from './limits.ts';

const key = text({ max: 128, min: 1, pattern: /^[A-Za-z0-9_-]+$/, is: 'a public key in base64url' });
const signature = text({ max: 128, min: 1, pattern: /^[A-Za-z0-9_-]+$/, is: 'a signature in base64url' });
const nonce = text({ max: 128, min: 16, pattern: /^[A-Za-z0-9._-]+$/, is: 'a nonce of 16 to 128 characters' });
const id = text({ max: LIMITS.idChars, min: 1, pattern: /^[A-Za-z0-9_-]+$/, is: 'an id' });
const grants = list(grantField, { max: LIMITS.recipients });
/** A day is enough for every invitation, ten years for every token. Seconds. */
const DAY = 24 * 3600;

export const PEOPLE = {
  challenge: shape({ nonce }),
  join: shape({
    nonce,
    invitation: id,
    key,
    device: nameField,
    person: nameField,
    /** By the invitation's key. */
    proof: signature,
    /** By the device's own key. */
    signature,
  }),
  invite: shape({
    person: optional(nameField),
    /** Another device of whoever asks. */
    mine: optional(flag()),
    grants: optional(grants),
    seconds: optional(integer({ min: 1, max: DAY })),
    addresses: optional(list(text({ max: 300, min: 1 }), { max: 16 })),
  }),
  people: shape({}),
  devices: shape({}),
  token: shape({
    name: nameField,
    person: optional(nameField),
    seconds: optional(integer({ min: 1, max: 3650 * DAY })),
  }),
  grant: shape({ person: nameField, add: optional(grants), remove: optional(grants) }),
  /** A person, a device by its id or name, or an invitation by its id. */
  revoke: shape({ what: text({ max: LIMITS.idChars, min: 1 }) }),
  'rotate-token': shape({}),
  rekey: shape({ key, signature }),
} as const;

export type PeopleTask = keyof typeof PEOPLE;
export type PeopleArgs<T extends PeopleTask> = Infer<(typeof PEOPLE)[T]>;

export interface DeviceInfo {
  readonly id: string;
  readonly name: string;
  readonly person: string;
  readonly kind: 'key' | 'token';
  /** Of its key, to be compared with what the device shows. */
  readonly fingerprint?: string;
  readonly state: 'here' | 'away' | 'over' | 'revoked';
  /** By which it came. */
  readonly invitation?: string;
  readonly created: number;
  readonly expires?: number;
  readonly last_seen?: number;
}

export interface PersonInfo {
  readonly name: string;
  readonly owner?: true;
  readonly revoked?: number;
  readonly devices: number;
  /** `send:@anna`; the owner may everything. */
  readonly grants: readonly string[];
}

export interface InvitationInfo {
  readonly id: string;
  readonly person?: string;
  readonly grants: readonly string[];
  readonly expires: number;
}

export interface PeopleResults {
  readonly challenge: { readonly nonce: string; readonly key: string; readonly signature: string };
  readonly join: { readonly person: string; readonly device: string; readonly owner: string };
  readonly invite: {
    readonly id: string;
    readonly line: string;
    readonly addresses: readonly string[];
    readonly person?: string;
    readonly grants: readonly string[];
    readonly expires: number;
  };
  readonly people: { readonly people: readonly PersonInfo[]; readonly invitations: readonly InvitationInfo[] };
  readonly devices: { readonly devices: readonly DeviceInfo[] };
  readonly token: { readonly device: string; readonly person: string; readonly token: string };
  readonly grant: PersonInfo;
  readonly revoke: { readonly revoked: 'person' | 'device' | 'invitation'; readonly name: string };
  readonly 'rotate-token': Record<string, never>;
  readonly rekey: { readonly device: string };
}

/** What an invitation says on one line: `ws://host:9999,wss://other:9999/FINGERPRINT.SECRET`. */
export interface JoinLine {
  readonly addresses: readonly string[];
  /** Of the relay's key. */
  readonly relay: string;
  /** 128 bits. */
  readonly secret: string;
}

const LINE = /^(wss?:\/\/[^/\s,]{1,250}(?:,wss?:\/\/[^/\s,]{1,250}){0,15})\/([A-Za-z0-9_-]{43})\.([A-Za-z0-9_-]{22})$/;

export function joinLine({ addresses, relay, secret }: JoinLine): string {
  return `${addresses.map((address) => address.replace(/\/+$/, '')).join(',')}/${relay}.${secret}`;
}

/** Undefined when it is none. */
export function readJoinLine(line: string): JoinLine | undefined {
  const [, addresses, relay, secret] = LINE.exec(line.trim()) ?? [];
  if (addresses === undefined || relay === undefined || secret === undefined) return undefined;
  return { addresses: addresses.split(','), relay, secret };
}
