import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ID_PATTERN } from '../../src/protocol/envelope.ts';
import { instanceId, messageId, type Random, secret, systemRandom } from '../../src/util/random.ts';

const fixed = (bytes: Uint8Array): Random => ({ bytes: (count) => bytes.subarray(0, count), fraction: () => 0 });
const anyBytes = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(fixed);

describe('ids', () => {
  it('are made of letters that survive being read aloud, and are ids on the wire', () => {
    fc.assert(
      fc.property(anyBytes, (random) => {
        expect(messageId(random, 1_795_420_800_000)).toMatch(/^m[0-9a-hjkmnp-tv-z]{12}$/);
        expect(instanceId(random)).toMatch(/^i[0-9a-hjkmnp-tv-z]{16}$/);
        expect(messageId(random, 0)).toMatch(ID_PATTERN);
      }),
    );
  });

  it('use five bits of each byte, each letter as often as any other', () => {
    const counts = new Map<string, number>();
    for (let byte = 0; byte < 256; byte++) {
      const letter = instanceId(fixed(new Uint8Array(16).fill(byte))).charAt(1);
      counts.set(letter, (counts.get(letter) ?? 0) + 1);
    }
    expect([counts.size, new Set(counts.values())]).toEqual([32, new Set([8])]);
  });

  it('differ when their bytes do, at every place', () => {
    for (let place = 0; place < 8; place++) {
      const bytes = new Uint8Array(8);
      bytes[place] = 1;
      expect(messageId(fixed(bytes), 0)).not.toBe(messageId(fixed(new Uint8Array(8)), 0));
    }
  });

  it('of messages follow each other as their times do, for 18 hours', () => {
    const idAt = (now: number) => messageId(fixed(new Uint8Array(8)), now);
    const times = Array.from(
      { length: 500 },
      (_, i) => 1_795_420_800_000 - (1_795_420_800_000 % (64 * 2 ** 20)) + i * 130_000,
    );
    const ids = times.map(idAt);
    expect([...ids].sort()).toEqual(ids);
    expect(new Set(ids).size).toBe(500);
    expect(idAt(64 * 2 ** 20 + 5)).toBe(idAt(5));
    expect(idAt(63)).toBe(idAt(0));
    expect(idAt(64)).not.toBe(idAt(0));
  });

  it('of the system do not come twice', () => {
    expect(new Set(Array.from({ length: 5_000 }, () => messageId(systemRandom, 0))).size).toBe(5_000);
  });
});

describe('a secret', () => {
  it('holds 256 bits in letters that need no quoting anywhere', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        const text = secret(fixed(bytes));
        expect(text).toMatch(/^[A-Za-z0-9_-]{43}$/);
        expect([...Buffer.from(text, 'base64url')]).toEqual([...bytes]);
      }),
    );
  });
});

describe('chance of the system', () => {
  it('is at least 0 and below 1, and spread', () => {
    const fractions = Array.from({ length: 2_000 }, () => systemRandom.fraction());
    expect(fractions.filter((fraction) => fraction < 0 || fraction >= 1)).toEqual([]);
    expect(new Set(fractions.map((fraction) => Math.floor(fraction * 4))).size).toBe(4);
  });

  it('gives nobody bytes of somebody else, nor changes those that it gave', () => {
    const given = Array.from({ length: 2_000 }, () => systemRandom.bytes(16));
    const texts = given.map((bytes) => Buffer.from(bytes).toString('hex'));
    expect(new Set(texts).size).toBe(2_000);
    given[0]?.fill(0);
    expect(given.slice(1).map((bytes) => Buffer.from(bytes).toString('hex'))).toEqual(texts.slice(1));
    // Neither do two of them overlap by a part.
    const halves = texts.flatMap((text) => [text.slice(0, 16), text.slice(16)]);
    expect(new Set(halves).size).toBe(4_000);
  });

  it.each([0, 1, 16, 17, 32])('gives %i bytes when asked for as many', (count) => {
    expect(systemRandom.bytes(count)).toHaveLength(count);
  });
});
