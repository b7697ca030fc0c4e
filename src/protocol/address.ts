/**
 * Where an envelope goes: a name (`CC-1`), another person's (`CC-1@bert`), a room (`#build`), or `all`. Roles
 * (`@reviewer`) are reserved for later and refused until then.
 */
import { type Check, text } from './check.ts';
import { RelayError } from './codes.ts';

/** A letter, then up to 63 letters, digits, dots, dashes, underscores. The whole rule for names, everywhere. */
export const NAME_PATTERN = /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/;
export const ROOM_PATTERN = /^#[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;
/** Everybody. Reserved in any case of letters, so that no one can pose as the broadcast. */
export const ALL = 'all';

export type AddressKind = 'session' | 'room' | 'all';

/** Throws `name_invalid` or `name_reserved`. */
export function checkName(value: unknown): string {
  if (typeof value !== 'string' || !NAME_PATTERN.test(value)) throw new RelayError('name_invalid');
  if (value.toLowerCase() === ALL)
    throw new RelayError('name_reserved', `${value} means everybody; choose another name.`);
  return value;
}

export function isName(value: unknown): value is string {
  return typeof value === 'string' && NAME_PATTERN.test(value) && value.toLowerCase() !== ALL;
}

/** A session's name, alone or with its person: `CC-1`, `CC-1@bert`. */
export interface Peer {
  readonly name: string;
  readonly person?: string;
}

/** Undefined when it is neither a name nor a name with a person. */
export function peerOf(value: string): Peer | undefined {
  const at = value.indexOf('@');
  if (at < 0) return isName(value) ? { name: value } : undefined;
  const [name, person] = [value.slice(0, at), value.slice(at + 1)];
  return isName(name) && isName(person) ? { name, person } : undefined;
}

/** Throws `address_invalid`. */
export function addressKind(value: string): AddressKind {
  if (value === ALL) return 'all';
  if (ROOM_PATTERN.test(value)) return 'room';
  if (peerOf(value)) return 'session';
  throw new RelayError('address_invalid');
}

/** A room with or without its `#`, as people type it; throws `address_invalid`. */
export function checkRoom(value: string): string {
  const room = value.startsWith('#') ? value : `#${value}`;
  if (!ROOM_PATTERN.test(room))
    throw new RelayError(
      'address_invalid',
      'A room is # and then up to 64 letters, digits, dots, dashes or underscores.',
    );
  return room;
}

export const nameField: Check<string> = {
  schema: { type: 'string' },
  read: (value) => checkName(value),
};

export const roomField: Check<string> = {
  schema: { type: 'string' },
  read: (value, path) => checkRoom(text({ max: 65, min: 1 }).read(value, path)),
};

/** A session of one's own or of another person. */
export const peerField: Check<string> = {
  schema: { type: 'string' },
  read(value) {
    if (typeof value !== 'string' || !value.includes('@')) return checkName(value);
    if (!peerOf(value)) throw new RelayError('name_invalid', 'Another person’s session is NAME@PERSON, both names.');
    return value;
  },
};

const IS = 'a name, a #room, or all';
const addressText = text({ max: 65, min: 1, is: IS });
const personalText = text({ max: 129, min: 1, is: IS });

export const addressField: Check<string> = {
  schema: { type: 'string' },
  read(value, path) {
    const check = typeof value === 'string' && value.includes('@') ? personalText : addressText;
    const address = check.read(value, path);
    addressKind(address);
    return address;
  },
};
