import { describe, expect, it } from 'vitest';
import { distance, near } from '../../src/util/near.ts';

describe('the distance of two words', () => {
  it.each([
    ['', '', 0],
    ['a', '', 1],
    ['', 'abc', 3],
    ['port', 'prot', 1],
    ['abcd', 'badc', 2],
    ['ab', 'ba', 1],
    ['a', 'b', 1],
    ['port', 'ports', 1],
    ['kitten', 'sitting', 3],
    ['CC-1', 'CC-2', 1],
  ])('%j and %j: %i', (a, b, typos) => {
    expect(distance(a, b)).toBe(typos);
    expect(distance(b, a)).toBe(typos);
  });
});

describe('near words', () => {
  it('are the close ones, best first, whatever their case', () => {
    expect(near('legasy', ['port', 'legacy', 'Legacy2', 'leg'])).toEqual(['legacy', 'Legacy2']);
    expect(near('PORT', ['port'])).toEqual(['port']);
  });

  it('are none when nothing is close', () => {
    expect(near('x', ['port', 'host'])).toEqual([]);
    expect(near('anything', [])).toEqual([]);
  });

  it('are at most so many, in an order that does not change', () => {
    expect(near('CC-1', ['CC-4', 'CC-3', 'CC-2', 'CC-5'])).toEqual(['CC-2', 'CC-3', 'CC-4']);
    expect(near('CC-1', ['CC-4', 'CC-3'], 1)).toEqual(['CC-3']);
  });
});
