import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/protocol/limits.ts';
import { frameBytes, Unfinished } from '../../src/transports/unfinished.ts';

const SMALL = LIMITS.helloBytes;

describe('what is unfinished', () => {
  it('may be much on one connection, and not on all together', () => {
    const unfinished = new Unfinished(20_000);
    const [a, b] = [unfinished.part(), unfinished.part()];
    expect(a.add(15_000)).toBe(true);
    expect(b.add(5_000)).toBe(true);
    expect(b.add(1)).toBe(false);
  });

  it('is given back when it is whole, or gone', () => {
    const unfinished = new Unfinished(10_000);
    const [a, b] = [unfinished.part(), unfinished.part()];
    a.add(9_000);
    a.take(9_000);
    expect(b.add(9_000)).toBe(true);
    b.take(Number.POSITIVE_INFINITY);
    expect(a.add(10_000)).toBe(true);
  });

  it('keeps nobody from what is small, however much others hold', () => {
    const unfinished = new Unfinished(10_000);
    unfinished.part().add(10_000);
    const small = unfinished.part();
    expect([small.add(SMALL), small.add(1)]).toEqual([true, false]);
  });

  it('is never less than nothing, whatever is taken', () => {
    const step = fc.record({ who: fc.nat(3), add: fc.nat(9_000), take: fc.nat(20_000) });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const unfinished = new Unfinished(50_000);
        const parts = [0, 1, 2, 3].map(() => unfinished.part());
        for (const { who, add, take } of steps) {
          parts[who]?.add(add);
          parts[who]?.take(take);
        }
        for (const part of parts) part.take(Number.POSITIVE_INFINITY);
        const last = unfinished.part();
        expect([last.add(50_000), last.add(1)]).toEqual([true, false]);
      }),
    );
  });

  it.each([
    [0, 6],
    [125, 131],
    [126, 134],
    [65_535, 65_543],
    [65_536, 65_550],
  ])('counts a frame of %i bytes as the %i that come', (payload, bytes) => {
    expect(frameBytes(payload)).toBe(bytes);
  });
});
