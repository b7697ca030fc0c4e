import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { recentSends } from '../../src/state/queries/envelopes.ts';
import { firstAfter, sentBy, sentTo } from '../../src/state/queries/routes.ts';
import { emptyDatabase, World } from './world.ts';

describe('what was sent to a channel', () => {
  it('is one list, wherever its two parts meet, in either direction', () => {
    const sends = fc.array(fc.boolean(), { maxLength: 30 });
    const bound = fc.nat({ max: 32 });
    fc.assert(
      fc.property(
        sends,
        bound,
        bound,
        fc.boolean(),
        fc.integer({ min: 1, max: 12 }),
        (story, after, before, ascending, limit) => {
          const world = new World(emptyDatabase(), { tail: 5 });
          const [a, b] = [world.enter('A'), world.enter('B')];
          const sent: number[] = [];
          for (const toB of story) {
            const position = world.sent(a, toB ? 'B' : 'A');
            if (toB) sent.push(position);
            world.store.flush();
          }
          const within = sent.filter((position) => position > after && position < before);
          const expected = ascending ? within : within.reverse();
          expect(sentTo(world.store, b, { after, before, ascending }, limit)).toEqual(expected.slice(0, limit));
          const newest = recentSends(world.store, a, limit).map((row) => row.position);
          expect(newest).toEqual(
            story
              .map((_, i) => i + 1)
              .reverse()
              .slice(0, limit),
          );
          expect(sentTo(world.store, sentBy(b), { after: 0, before: 99, ascending }, limit)).toEqual([]);
        },
      ),
    );
  });
});

describe('the first after a position', () => {
  it('is found in any ascending list', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat({ max: 50 })), fc.nat({ max: 55 }), (numbers, after) => {
        const positions = numbers.sort((a, b) => a - b);
        const expected = positions.findIndex((position) => position > after);
        expect(firstAfter(positions, after)).toBe(expected === -1 ? positions.length : expected);
      }),
    );
  });
});
