import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { countUnhanded, unhanded, unhandedMatching } from '../../src/state/queries/inbox.ts';
import type { InMemory } from '../../src/state/store.ts';
import { Stragglers } from '../../src/state/stragglers.ts';
import { emptyDatabase, World } from './world.ts';

// Thousands of cases: how long they take says nothing.
vi.setConfig({ testTimeout: 120_000 });

const NEVER = { least: Number.MAX_SAFE_INTEGER, most: 0 };
const NAMES = ['A', 'B', 'C'];

type Step = (world: World, sessions: readonly number[]) => void;

const session = fc.constantFrom(0, 1, 2);
const position = fc.nat(50);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .tuple(session, fc.constantFrom<string | string[]>('A', 'B', 'B', 'all', '#r', '#s', ['B', '#s'], ['#r', '#s']))
      .map(
        ([who, to]): Step =>
          (world, sessions) =>
            void world.send(sessions[who] ?? 0, to),
      ),
  },
  {
    weight: 8,
    arbitrary: fc
      .tuple(session, fc.constantFrom('handed' as const, 'seen' as const), fc.array(position, { maxLength: 3 }))
      .map(
        ([who, state, positions]): Step =>
          (world, sessions) => {
            world.report(sessions[who] ?? 0, state, positions);
          },
      ),
  },
  // The oldest, as they are pushed.
  {
    weight: 4,
    arbitrary: fc.tuple(session, fc.integer({ min: 1, max: 4 })).map(
      ([who, count]): Step =>
        (world, sessions) => {
          const row = world.row(sessions[who] ?? 0);
          world.report(row.id, 'seen', unhanded(world.store, row, 0, count));
        },
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(session, fc.constantFrom('#r', '#s'), fc.boolean()).map(
      ([who, room, joins]): Step =>
        (world, sessions) => {
          const one = sessions[who] ?? 0;
          if (joins) world.join(one, room);
          else world.leave(one, room);
        },
    ),
  },
  {
    weight: 1,
    arbitrary: fc.array(position, { maxLength: 8 }).map(
      (positions): Step =>
        (world) =>
          void world.apply({ type: 'prune', positions }),
    ),
  },
  { weight: 3, arbitrary: fc.constant<Step>((world) => world.store.commit()) },
);

const ask = fc.record({ who: session, after: fc.nat(50), limit: fc.integer({ min: 1, max: 9 }), sender: fc.nat(4) });

/** What all inboxes say, as they are and after some position. */
function told(
  world: World,
  sessions: readonly number[],
  asks: readonly (typeof ask extends fc.Arbitrary<infer A> ? A : never)[],
) {
  if (asks.length === 0) return [];
  const rows = sessions.map((each) => world.row(each));
  for (const row of rows)
    expect(countUnhanded(world.store, row)).toBe(unhandedMatching(world.store, row, 0, 1e9, {}).length);
  return [
    rows.map((row) => [row.handed, row.seen, unhanded(world.store, row, 0, 1e9)]),
    asks.map(({ who, after, limit, sender }) => {
      const row = rows[who] ?? expect.unreachable();
      const by = sessions[sender];
      return unhanded(world.store, row, after, limit, by === undefined ? {} : { sender: by });
    }),
  ];
}

describe('stragglers', () => {
  it.each<[string, InMemory]>([
    ['all in tables', { tail: 0, stragglers: { least: 0, most: 64 } }],
    ['few in memory', { tail: 3, stragglers: { least: 1, most: 2 } }],
    ['all in memory', { tail: 1_000, stragglers: { least: 0, most: 3 } }],
  ])('change no answer, with %s', (_, inMemory) => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(step, fc.array(ask, { maxLength: 3 })), { minLength: 10, maxLength: 60 }),
        (steps) => {
          const worlds = [new World(emptyDatabase(), { stragglers: NEVER }), new World(emptyDatabase(), inMemory)];
          const sessions = worlds.map((world) => NAMES.map((name) => world.enter(name)));
          worlds.forEach((world, i) => {
            for (const room of ['#r', '#s']) world.join(sessions[i]?.[0] ?? 0, room);
          });
          for (const [take, asks] of steps) {
            const answers = worlds.map((world, i) => {
              const own = sessions[i] ?? [];
              try {
                take(world, own);
              } catch (error) {
                if (!(error instanceof Error)) throw error;
                return [error.message, told(world, own, asks)];
              }
              return [told(world, own, asks)];
            });
            expect(answers[1]).toEqual(answers[0]);
          }
          expect(worlds[1]?.dump()).toBe(worlds[0]?.dump());
        },
      ),
      { numRuns: 200 },
    );
  });

  it('are forgotten after a rollback', () => {
    const world = new World(emptyDatabase(), { tail: 0, stragglers: { least: 0, most: 64 } });
    const [a, b] = [world.enter('A'), world.enter('B')];
    for (let i = 0; i < 5; i++) world.sent(a, 'B');
    world.store.commit();
    world.store.database.exec('BEGIN');
    world.report(b, 'handed', [3]);
    expect(unhanded(world.store, world.row(b), 0, 9)).toEqual([1, 2, 4, 5]);
    world.store.database.exec('ROLLBACK');
    world.store.forget();
    expect(unhanded(world.store, world.row(b), 0, 9)).toEqual([1, 2, 3, 4, 5]);
  });

  /** From which positions on the tables were asked for unhanded mail while `call` ran. */
  function lookedFrom(world: World, call: () => void): unknown[] {
    const all = vi.spyOn(world.store, 'all');
    const get = vi.spyOn(world.store, 'get');
    call();
    const calls = [...all.mock.calls, ...get.mock.calls].filter(([sql]) => sql.includes('FROM route WHERE channel'));
    all.mockRestore();
    get.mockRestore();
    return calls.map(([, , from]) => from);
  }

  it.each(['B', 'all'])('spare who asks what was looked through before: %s', (to) => {
    const world = new World(emptyDatabase(), { tail: 4, stragglers: { least: 10, most: 3 } });
    const [a, b] = [world.enter('A'), world.enter('B')];
    const left = world.sent(a, to);
    for (let i = 0; i < 100; i++) world.report(b, 'seen', [world.sent(a, to)]);
    world.store.commit();
    const take = () => unhanded(world.store, world.row(b), 0, 9);
    const answers: number[][] = [];
    const from = lookedFrom(world, () => answers.push(take(), take(), take()));
    expect(answers).toEqual([[left], [left], [left]]);
    // Nobody looks from the cursor on any more.
    expect(world.row(b).handed).toBeLessThan(left);
    for (const each of from) expect(each).toBeGreaterThan(80);
  });

  it('are still known after it was counted how many came since', () => {
    const world = new World(emptyDatabase(), { tail: 40, stragglers: { least: 20, most: 3 } });
    const [a, b, c] = [world.enter('A'), world.enter('B'), world.enter('C')];
    const left = world.sent(a, 'all');
    for (let i = 0; i < 200; i++) world.report(b, 'seen', [world.sent(a, 'all')]);
    world.store.commit();
    const ask = () => [countUnhanded(world.store, world.row(b)), ...unhanded(world.store, world.row(b), 0, 9)];
    expect(ask()).toEqual([1, left]);
    for (let round = 0; round < 3; round++) {
      // B is away, and what passes is for others.
      for (let i = 0; i < 25; i++) world.report(c, 'handed', [world.sent(a, 'C')]);
      world.store.commit();
      const from = lookedFrom(world, () => expect(ask()).toEqual([1, left]));
      for (const each of from) expect(each).toBeGreaterThan(150);
    }
  });

  it('of the session that was learned of first are forgotten where there are too many, and no others', () => {
    const stragglers = new Stragglers({ least: 0, most: 1 });
    const interval = (since: number) => ({ channel: 1, since, until: 99 });
    const learn = (session: number, since: number, ...positions: number[]) =>
      stragglers.learn(session, interval(since), { after: 0, until: 50, positions });
    const known = (session: number, since = 0) => stragglers.of(session, interval(since), 0).positions.length > 0;
    const isVain = (session: number) =>
      stragglers.wanted(session, interval(0), { positions: [], until: 0 }, 50) === undefined;
    for (let session = 1; session < 10_000; session++) learn(session, 0, 7);
    learn(1, 5, 7);
    for (let session = 1; session <= 10_000; session++) learn(session + 20_000, 0, 7, 8);
    learn(5, 0, 7);
    learn(20_005, 0, 7, 8);
    expect([known(1), known(1, 5), known(2), isVain(20_001), isVain(20_002)]).toEqual(Array(5).fill(true));
    learn(10_000, 0, 7);
    learn(30_001, 0, 7, 8);
    expect([known(1), isVain(20_001)]).toEqual([false, false]);
    expect([known(1, 5), known(2), known(10_000), isVain(20_002), isVain(30_001)]).toEqual(Array(5).fill(true));
    learn(10_001, 0, 7);
    learn(10_002, 0, 7);
    expect([known(1, 5), known(2), known(3), known(10_001), known(10_002)]).toEqual([false, false, true, true, true]);
  });

  it('are not looked for again at once where there are too many', () => {
    const world = new World(emptyDatabase(), { tail: 0, stragglers: { least: 10, most: 3 } });
    const [a, b] = [world.enter('A'), world.enter('B')];
    for (let i = 0; i < 30; i++) world.sent(a, 'B');
    world.store.commit();
    const ask = () => lookedFrom(world, () => unhanded(world.store, world.row(b), 0, 2)).length;
    const counts = [ask(), ask(), ask()];
    for (let i = 0; i < 11; i++) world.sent(a, 'B');
    world.store.commit();
    // Once for its own channel in vain, and once for `all`, which has none; then only for what is asked.
    expect([...counts, ask(), ask()]).toEqual([3, 1, 1, 2, 1]);
  });
});
