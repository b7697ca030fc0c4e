import { describe, expect, it } from 'vitest';
import { STANCES, stricter } from '../../src/protocol/stance.ts';

describe('the stricter of two', () => {
  it('is the later of accept, hold, refuse, whichever comes first', () => {
    for (const [i, a] of STANCES.entries())
      for (const [j, b] of STANCES.entries()) expect(stricter(a, b)).toBe(STANCES[Math.max(i, j)]);
  });
});
