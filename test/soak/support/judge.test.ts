import { describe, expect, it } from 'vitest';
import { Seeded } from '../../faults/support/seeded.ts';
import { leaksIn, type Sample, thirdsOf } from './judge.ts';

const MIB = 1024 * 1024;

/** A process at rest, with what one measure is at the nth sample of sixty. */
function samples(
  change: (n: number, chance: Seeded) => Partial<Sample> = () => ({}),
  count = 60,
  ms = 10_000,
): Sample[] {
  const chance = new Seeded(1);
  const rest = { heap: 28 * MIB, memory: 90 * MIB, descriptors: 46, timers: 35, handles: 17 };
  return Array.from({ length: count }, (_, n) => ({ at: n * ms, ...rest, ...change(n, chance) }));
}

describe('a process', () => {
  it('is flat when nothing changes, and when much does for a moment', () => {
    expect(leaksIn(samples())).toEqual([]);
    const crowded = samples((_, chance) => (chance.chance(0.3) ? { descriptors: 80, timers: 95, heap: 33 * MIB } : {}));
    expect(leaksIn(crowded)).toEqual([]);
  });

  it('is flat when it has only warmed up', () => {
    expect(leaksIn(samples((n) => (n < 20 ? { heap: n * MIB, memory: n * MIB, timers: n } : {})))).toEqual([]);
  });

  it.each<[leak: string, change: (n: number, chance: Seeded) => Partial<Sample>, line: string]>([
    ['a descriptor', (n) => ({ descriptors: 46 + Math.floor(n / 5) }), 'descriptors grew from 52 to 56'],
    ['a timer', (n) => ({ timers: 35 + Math.floor(n / 4) }), 'timers grew from 42 to 47'],
    ['a handle', (n) => ({ handles: 17 + Math.floor(n / 5) }), 'handles grew from 23 to 27'],
    ['its heap', (n) => ({ heap: (28 + n / 5) * MIB }), 'heap grew from '],
    ['memory beside the heap', (n) => ({ memory: (90 + n) * MIB }), 'memory grew from '],
    ['its heap, by bounds', (n, chance) => ({ heap: (28 + n / 5 + 4 * chance.fraction()) * MIB }), 'heap grew from '],
  ])('that leaks %s is caught', (_, change, line) => {
    expect(leaksIn(samples(change))).toEqual([expect.stringContaining(line)]);
  });

  it('may have more messages in memory in the last third of a short time', () => {
    const grown = (by: number) => (n: number) => ({ heap: (n < 40 ? 28 : 28 + by) * MIB });
    expect(leaksIn(samples(grown(4), 60, 3_000))).toEqual([]);
    expect(leaksIn(samples(grown(6), 60, 3_000))).toHaveLength(1);
    expect(leaksIn(samples(grown(4)))).toHaveLength(1);
  });

  it('is not judged by a few samples', () => {
    expect(() => leaksIn(samples(undefined, 14))).toThrow('14 samples tell nothing; 15 are needed.');
  });

  it('is told by the medians of its thirds', () => {
    expect(
      thirdsOf(
        samples((n) => ({ timers: n })),
        'timers',
      ),
    ).toEqual([10, 30, 50]);
  });
});
