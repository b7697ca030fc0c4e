import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { outdated, type Policy } from '../../src/state/queries/retention.ts';
import { emptyDatabase, World } from './world.ts';

const found = (world: World, policy: Policy) => {
  world.store.commit();
  return [...new Set([...outdated(world.store, policy)].flat().map(({ position }) => position))].sort((a, b) => a - b);
};
const upTo = (n: number, from = 1) => Array.from({ length: n }, (_, i) => from + i);

function twoWith(tail: number) {
  const world = new World(emptyDatabase(), { tail });
  const [a, b] = [world.enter('A'), world.enter('B')];
  world.join(a, '#r');
  return { world, a, b };
}

/** The newest in memory, some of them, and all of them filed already: the same must come of it. */
describe.each([
  ['in memory', 4_096],
  ['filed in part', 3],
  ['filed', 0],
])('what retention would forget of what is %s', (_, tail) => {
  const two = () => twoWith(tail);

  it('is nothing without a policy', () => {
    const { world, a } = two();
    world.send(a, 'B');
    expect(found(world, {})).toEqual([]);
  });

  it('is what was stored before a time', () => {
    const { world, a } = two();
    for (const at of [10, 20, 30]) world.send(a, 'B', { at });
    expect([found(world, { before: 10 }), found(world, { before: 30 }), found(world, { before: 31 })]).toEqual([
      [],
      [1, 2],
      [1, 2, 3],
    ]);
  });

  it('is found in pages, however much it is', () => {
    const { world, a } = two();
    for (let i = 0; i < 450; i++) world.send(a, 'B', { at: i });
    expect(found(world, { before: 450 })).toEqual(upTo(450));
    expect([...outdated(world.store, { before: 450 })].map((page) => page.length)).toEqual([200, 200, 50]);
    expect(found(world, { before: 1 })).toEqual([1]);
  });

  it('is what is beyond so many of one address, the oldest', () => {
    const { world, a, b } = two();
    for (let i = 0; i < 5; i++) world.send(a, 'B');
    for (let i = 0; i < 3; i++) world.send(b, 'A');
    for (let i = 0; i < 4; i++) world.send(b, '#r');
    expect(found(world, { count: 3 })).toEqual([1, 2, 9]);
    expect(found(world, { count: 0 })).toEqual(upTo(12));
    expect(found(world, { count: 5 })).toEqual([]);
  });

  it('is what is beyond so many bytes of one address', () => {
    const { world, a } = two();
    for (const body of ['12345', '☃☃', '1', '1234']) world.send(a, 'B', { body });
    expect(found(world, { bytes: 16 })).toEqual([]);
    expect(found(world, { bytes: 15 })).toEqual([1]);
    expect(found(world, { bytes: 10 })).toEqual([1, 2]);
    expect(found(world, { bytes: 4 })).toEqual([1, 2, 3]);
    expect(found(world, { bytes: 0 })).toEqual([1, 2, 3, 4]);
  });

  it('is no envelope that another of its addresses still keeps', () => {
    const { world, a } = two();
    const both = world.sent(a, ['B', '#r']);
    const alone = world.sent(a, 'B');
    for (let i = 0; i < 2; i++) world.send(a, 'B');
    expect(found(world, { count: 2 })).toEqual([alone]);
    for (let i = 0; i < 2; i++) world.send(a, '#r');
    expect(found(world, { count: 2 })).toEqual([both, alone]);
  });

  it('is of one address alone when only that is asked for', () => {
    const { world, a, b } = two();
    for (let i = 0; i < 3; i++) world.send(a, 'B', { at: 10 });
    world.send(a, ['B', '#r'], { at: 10 });
    world.send(b, 'A', { at: 10 });
    expect([found(world, { before: 50, channel: b }), found(world, { count: 2, channel: b })]).toEqual([
      [1, 2, 3],
      [1, 2],
    ]);
  });

  it('is any of the three', () => {
    const { world, a } = two();
    for (let i = 0; i < 6; i++) world.send(a, 'B', { at: i, body: 'x'.repeat(10) });
    expect(found(world, { before: 1, count: 5, bytes: 35 })).toEqual([1, 2, 3]);
  });

  it('by count and bytes is what a definition of two lines says', () => {
    const body = fc.nat({ max: 30 });
    const limits = fc.record({ count: fc.nat({ max: 6 }), bytes: fc.nat({ max: 100 }) }, { requiredKeys: [] });
    fc.assert(
      fc.property(fc.array(body, { maxLength: 20 }), limits, (bodies, limits) => {
        const { world, a } = two();
        for (const length of bodies) world.send(a, 'B', { body: 'x'.repeat(length) });
        const newest = upTo(bodies.length).reverse();
        const bytes = (upTo: number) =>
          newest.slice(0, upTo + 1).reduce((sum, each) => sum + (bodies[each - 1] ?? 0), 0);
        const isBeyond = (i: number) => i >= (limits.count ?? 99) || bytes(i) > (limits.bytes ?? 9_999);
        expect(found(world, limits)).toEqual(newest.filter((_, i) => isBeyond(i)).reverse());
      }),
      { numRuns: 100 },
    );
  });
});
