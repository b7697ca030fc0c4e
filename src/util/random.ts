/** Chance, injected, so that a test owns it. */
import { randomBytes, randomFillSync } from 'node:crypto';

export interface Random {
  bytes(count: number): Uint8Array;
  /** At least 0, below 1. */
  fraction(): number;
}

/** What is asked for at once: the question costs some 9 µs, whatever its size. */
const pool = Buffer.alloc(4_096);
/** Ids take theirs from the pool; a secret is never there before it is wanted. */
const SMALL = 16;
let used = pool.length;

function few(count: number): Buffer {
  if (used + count > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += count;
  return Buffer.from(pool.subarray(used - count, used));
}

export const systemRandom: Random = {
  bytes: (count) => (count > SMALL ? randomBytes(count) : few(count)),
  fraction: () => few(4).readUInt32BE(0) / 2 ** 32,
};

/** Crockford's base 32 in lower case: no i, l, o, u, so that an id survives being read aloud. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

function base32(random: Random, chars: number): string {
  let id = '';
  for (const byte of random.bytes(chars)) id += ALPHABET[byte & 31];
  return id;
}

/** Milliseconds that share the same four letters; they come again after 18 hours. */
const ERA_MS = 64;

/**
 * `m`, 20 bits of time and 40 of chance. What is sent at one time lies together in an index: a new id dirties a page that is
 * at hand, however many there were before. Two of a million messages that are spread over hours share one with a chance
 * below 1 in a million; the relay refuses the second.
 */
export const messageId = (random: Random, now: number): string => `m${timeLetters(now)}${base32(random, 8)}`;

function timeLetters(now: number): string {
  const era = Math.floor(now / ERA_MS) % 2 ** 20;
  let letters = '';
  for (let shift = 15; shift >= 0; shift -= 5) letters += ALPHABET[(era >> shift) & 31];
  return letters;
}

/** Four letters that tell apart what would have the same name. */
export const fewLetters = (random: Random): string => base32(random, 4);

/** One per process life, 80 random bits. */
export const instanceId = (random: Random): string => `i${base32(random, 16)}`;

/** A UUID of version 4 (RFC 9562), for programs that want one. */
export function uuid(random: Random): string {
  const bytes = Buffer.from(random.bytes(16));
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** 256 random bits in base64url: resume keys and tokens. */
export const secret = (random: Random): string => Buffer.from(random.bytes(32)).toString('base64url');
