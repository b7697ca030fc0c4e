import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { countUnhanded, type InboxFilter, unhanded, unhandedMatching } from '../../src/state/queries/inbox.ts';
import { World } from './world.ts';

// Thousands of cases: how long they take says nothing.
vi.setConfig({ testTimeout: 120_000 });

interface Mail {
  readonly from: 'B' | 'C';
  readonly to: string[];
  readonly thread?: 'x' | 'y';
  readonly reply_to?: 'q' | 'r';
  readonly handed: boolean;
}

const mail: fc.Arbitrary<Mail> = fc.record(
  {
    from: fc.constantFrom('B', 'C'),
    to: fc.uniqueArray(fc.constantFrom('A', '#r', '#s', 'all', 'D'), { minLength: 1, maxLength: 3 }),
    thread: fc.constantFrom('x', 'y'),
    reply_to: fc.constantFrom('q', 'r'),
    handed: fc.boolean(),
  },
  { requiredKeys: ['from', 'to', 'handed'] },
);

function fill(mails: readonly Mail[]) {
  const world = new World();
  const [a, b, c] = [world.enter('A'), world.enter('B'), world.enter('C')];
  world.enter('D');
  for (const room of ['#r', '#s']) world.join(a, room);
  const left: { position: number; mail: Mail }[] = [];
  for (const each of mails) {
    const { from, to, handed, ...more } = each;
    const position = world.sent(from === 'B' ? b : c, to, more);
    const mine = to.some((address) => address !== 'D');
    if (mine && handed) world.report(a, 'handed', [position]);
    else if (mine) left.push({ position, mail: each });
  }
  return { world, a, senders: { B: b, C: c }, left };
}

describe('the inbox', () => {
  it('filters by sender, thread and question, after a position, up to a count, oldest first', () => {
    const choice = fc.record(
      { sender: fc.constantFrom('B', 'C'), thread: fc.constantFrom('x', 'y'), reply_to: fc.constantFrom('q', 'r') },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(
        fc.array(mail, { maxLength: 30 }),
        choice,
        fc.nat({ max: 12 }),
        fc.integer({ min: 1, max: 9 }),
        (mails, wanted, after, limit) => {
          const { world, a, senders, left } = fill(mails);
          const { sender, ...rest } = wanted;
          const filter: InboxFilter = {
            ...rest,
            ...(sender === undefined ? {} : { sender: senders[sender as 'B' | 'C'] }),
          };
          const fitting = left.filter(
            ({ mail: { from, thread, reply_to } }) =>
              (sender === undefined || from === sender) &&
              (rest.thread === undefined || thread === rest.thread) &&
              (rest.reply_to === undefined || reply_to === rest.reply_to),
          );
          const expected = fitting.map(({ position }) => position).filter((position) => position > after);
          expect(unhandedMatching(world.store, world.row(a), after, limit, filter)).toEqual(expected.slice(0, limit));
          expect(countUnhanded(world.store, world.row(a))).toBe(left.length);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('is walked to its end for the few that fit', () => {
    const world = new World();
    const [a, b] = [world.enter('A'), world.enter('B')];
    const wanted = [world.sent(a, 'B', { thread: 'x' })];
    for (let i = 0; i < 600; i++) world.send(a, 'B');
    wanted.push(world.sent(a, 'B', { thread: 'x' }));
    expect(unhandedMatching(world.store, world.row(b), 0, 10, { thread: 'x' })).toEqual(wanted);
    expect(unhandedMatching(world.store, world.row(b), 0, 1, { thread: 'x' })).toEqual(wanted.slice(0, 1));
    expect(unhandedMatching(world.store, world.row(b), wanted[0] ?? 0, 10, { thread: 'x' })).toEqual(wanted.slice(1));
  });

  it('gives 25 ten at a time, all, in order, once', () => {
    const world = new World();
    const [a, b] = [world.enter('A'), world.enter('B')];
    const sent = Array.from({ length: 25 }, (_, i) => world.sent(a, i % 2 === 0 ? 'B' : 'all'));
    const got: number[] = [];
    for (let round = 0; round < 3; round++) {
      const page = unhanded(world.store, world.row(b), 0, 10);
      got.push(...page);
      world.report(b, 'handed', page);
      expect(world.count(b)).toBe(25 - got.length);
    }
    expect(got).toEqual(sent);
  });

  it('is not changed by being looked at', () => {
    const world = new World();
    const [a, b] = [world.enter('A'), world.enter('B')];
    world.send(a, 'B');
    const before = world.dump();
    for (let i = 0; i < 3; i++) expect([world.inbox(b), world.count(b), world.history(b)]).toEqual([[1], 1, [1]]);
    expect(world.dump()).toBe(before);
  });
});
