import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/protocol/limits.ts';
import { frameBytes, Unfinished } from '../../src/transports/unfinished.ts';

const SMALL = LIMITS.helloBytes;

describe('what is unfinished', () => {
  it('may be much on one connection, and not on all together', () => {
    const unfinished = new Unfinished(20_000);
    expect(unfinished.holds(15_000, 0)).toBe(true);
    expect(unfinished.holds(5_000, 0)).toBe(true);
    expect(unfinished.holds(5_001, 5_000)).toBe(false);
  });

  it('is given back when it is whole, or gone', () => {
    const unfinished = new Unfinished(10_000);
    unfinished.holds(9_000, 0);
    expect(unfinished.holds(0, 9_000)).toBe(true);
    expect(unfinished.holds(10_000, 0)).toBe(true);
  });

  it('keeps nobody from what is small, however much others hold', () => {
    const unfinished = new Unfinished(10_000);
    unfinished.holds(10_000, 0);
    expect([unfinished.holds(SMALL, 0), unfinished.holds(SMALL + 1, SMALL)]).toEqual([true, false]);
  });

  it('lets nobody go for what became less', () => {
    const unfinished = new Unfinished(10_000);
    unfinished.holds(30_000, 0);
    expect(unfinished.holds(20_000, 30_000)).toBe(true);
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
