import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { channelOf } from '../../src/state/queries/channels.ts';
import { type Find, type HistoryFilter, history, historyOf, maySeeRow } from '../../src/state/queries/history.ts';
import { type Action, Model } from './model.ts';
import { atOnce, emptyDatabase, World } from './world.ts';

// Thousands of cases: how long they take says nothing.
vi.setConfig({ testTimeout: 120_000 });

const who = fc.nat({ max: 7 });
const numbers = fc.array(fc.nat({ max: 10 }), { minLength: 1, maxLength: 3 });
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('send' as const), who, to: numbers }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('join' as const, 'leave' as const), who, room: who }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('rename' as const), who }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('enter' as const) }) },
);
const story = fc.array(action, { minLength: 1, maxLength: 40, size: 'max' });

/** Every filter there is, alone and with others, about everything that the story may hold. */
function filters(
  model: Model,
  session: number,
): { name: string; query?: string; filter: HistoryFilter; fits: (index: number) => boolean }[] {
  const { envelopes, world } = model;
  const at = (index: number) => envelopes[index] ?? expect.unreachable();
  const all = { name: 'everything', filter: {}, fits: () => true };
  const word = (text: string) => (index: number) => at(index).body.startsWith(text);
  const incoming = (index: number) => at(index).sender !== session || at(index).direct.has(session);
  const others = model.sessions.map((other) => ({
    name: `with ${other}`,
    filter: { with: other },
    fits: (index: number) =>
      at(index).sender === other || (at(index).sender === session && sentTo(at(index), other, model)),
  }));
  const rooms = ['#red', '#blue'].map((room) => ({
    name: room,
    filter: { room: channelOf(world.store, room) },
    fits: (index: number) => at(index).to.includes(room),
  }));
  return [
    all,
    { name: 'word', query: 'word1', filter: {}, fits: word('word1') },
    { name: 'prefix', query: 'wor*', filter: {}, fits: () => true },
    { name: 'thread', filter: { thread: 't' }, fits: (index) => at(index).thread === 't' },
    { name: 'incoming', filter: { incoming: true }, fits: incoming },
    {
      name: 'incoming word of a thread',
      query: 'word0',
      filter: { incoming: true, thread: 't' },
      fits: (index) => incoming(index) && word('word0')(index) && at(index).thread === 't',
    },
    ...[...others, ...rooms],
    ...[...others, ...rooms].map((each) => ({ ...each, name: `a word, ${each.name}`, query: 'wor*' })),
  ];
}

/** Was it addressed to `other` by name, so that it has a route of its own? */
function sentTo(sent: Model['envelopes'][number], other: number, model: Model): boolean {
  return model.world.envelope(sent.position).channels.includes(other);
}

/** From the end to the start and from the start to the end, a page of two after the other, three positions at a time. */
function paged(world: World, session: number, filter: HistoryFilter): [back: number[], on: number[]] {
  const pages = (ascending: boolean) => {
    const found: number[] = [];
    let [before, after] = [Number.MAX_SAFE_INTEGER, 0];
    for (;;) {
      const page = { before, after, count: 2, ascending, stretch: 3 };
      const { positions, more } = atOnce(history(world.store, session, filter, page));
      if (ascending) found.push(...positions);
      else found.unshift(...positions);
      if (!more) return found;
      if (ascending) after = positions.at(-1) ?? 0;
      else before = positions[0] ?? 0;
    }
  };
  return [pages(false), pages(true)];
}

describe('history', () => {
  it.each([
    ['in memory', {}],
    ['in part in the tables', { tail: 5 }],
    ['in the tables', { tail: 0 }],
  ])(
    '%s shows what one sent, was sent, present rooms and broadcasts, and nothing else, whichever filter finds it',
    async (_, inMemory) => {
      await fc.assert(
        fc.asyncProperty(story, async (actions) => {
          const model = new Model(3, inMemory);
          for (const each of actions) model.perform(each);
          model.world.store.commit();
          for (const session of model.sessions) {
            for (const { name, query, filter, fits } of filters(model, session)) {
              const expected = model.envelopes.filter((sent, i) => model.maySee(session, sent) && fits(i));
              const { world } = model;
              const found =
                query === undefined ? world.history(session, filter) : await world.search(session, query, filter);
              expect(found, name).toEqual(expected.map((sent) => sent.position));
              if (query === undefined) expect(paged(world, session, filter), name).toEqual([found, found]);
            }
            for (const sent of model.envelopes) {
              const row = model.world.envelope(sent.position);
              expect(maySeeRow(model.world.store, row, session)).toBe(model.maySee(session, sent));
            }
          }
        }),
        { numRuns: 60 },
      );
    },
  );

  it('pages either way without gap or double, and says truly whether there is more', () => {
    fc.assert(
      fc.property(story, fc.integer({ min: 1, max: 7 }), fc.boolean(), (actions, count, ascending) => {
        const model = new Model(3);
        for (const each of actions) model.perform(each);
        const session = model.at(0);
        const whole = model.world.history(session);
        let [before, after] = [Number.MAX_SAFE_INTEGER, 0];
        const seen: number[] = [];
        for (;;) {
          const page = atOnce(history(model.world.store, session, {}, { before, after, count, ascending }));
          const { positions } = page;
          expect(positions).toEqual([...positions].sort((a, b) => a - b));
          if (ascending) seen.push(...positions);
          else seen.unshift(...positions);
          expect(page.more).toBe(seen.length < whole.length);
          if (!page.more) break;
          if (ascending) after = positions.at(-1) ?? 0;
          else before = positions[0] ?? 0;
        }
        expect(seen).toEqual(whole);
      }),
      { numRuns: 60 },
    );
  });
});

describe('a long history', () => {
  /** 700 private envelopes between B and C over two that A may see. */
  function buried() {
    const world = new World();
    const [a, b, c] = [world.enter('A'), world.enter('B'), world.enter('C')];
    const mine = [world.sent(b, 'A', { body: 'needle', thread: 't' })];
    for (let i = 0; i < 700; i++) world.send(b, 'C', { body: 'needle', thread: 't' });
    mine.push(world.sent(b, 'A', { body: 'needle', thread: 't' }));
    return { world, a, b, c, mine };
  }

  it.each<[string, HistoryFilter]>([
    ['no filter', {}],
    ['a thread', { thread: 't' }],
  ])('is read to its end past what one may not see, with %s', (_, filter) => {
    const { world, a, b, c, mine } = buried();
    expect(world.history(a, filter)).toEqual(mine);
    expect(world.history(b, filter)).toHaveLength(702);
    expect(world.history(c, filter)).toHaveLength(700);
    expect(world.history(c, filter, 10)).toEqual(Array.from({ length: 10 }, (_, i) => 692 + i));
  });

  it.each<[string, HistoryFilter]>([
    ['a word', {}],
    ['a word and a thread', { thread: 't' }],
    ['a word and no thread that is there', { thread: 'u' }],
  ])('is searched to its end past what one may not see, with %s', async (_, filter) => {
    const { world, a, b, c, mine } = buried();
    const all = (n: number) => (filter.thread === 'u' ? 0 : n);
    expect(await world.search(a, 'needle', filter)).toEqual(mine.slice(0, all(2)));
    expect(await world.search(a, 'needle', filter, { ascending: true, count: 1 })).toEqual(mine.slice(0, all(1)));
    expect(await world.search(b, 'needle', filter)).toHaveLength(all(702));
    expect(await world.search(c, 'needle', filter)).toHaveLength(all(700));
    const last = Array.from({ length: 10 }, (_, i) => 692 + i);
    expect(await world.search(c, 'needle', filter, { count: 10 })).toEqual(last.slice(0, all(10)));
  });

  it.each<[string, HistoryFilter]>([
    ['no filter', {}],
    ['a thread', { thread: 't' }],
  ])('is read from its start too, with %s', (_, filter) => {
    const { world, a, mine } = buried();
    const { positions, more } = atOnce(
      history(world.store, a, filter, { before: 1e9, after: 0, count: 2, ascending: true }),
    );
    expect([positions, more]).toEqual([mine, false]);
  });
});

describe('what was altered', () => {
  const range = { before: 1e9, after: 0, count: 2, ascending: false };

  it.each<[string, object, number[], boolean]>([
    ['from the end', {}, [2, 10], true],
    ['from the start', { ascending: true, count: 3 }, [1, 2, 10], false],
    ['all that there is', { after: 2, before: 10 }, [], false],
    ['all but the last', { ascending: true, after: 2, before: 11, count: 1 }, [10], false],
  ])('takes nobody’s place on a page, and is told: %s', async (_, page, positions, more) => {
    const world = new World(emptyDatabase(), { tail: 0 });
    const [a, b] = [world.enter('A'), world.enter('B')];
    for (let i = 1; i <= 10; i++) world.sent(a, 'B', { body: 'word' });
    world.store.settle();
    world.store.run("UPDATE envelope SET body = 'ward' WHERE position BETWEEN 3 AND 9");
    const asked = { ...range, ...page };
    const all = Array.from({ length: 10 }, (_, i) => i + 1);
    const find: Find = async ({ after, before, ascending }, limit) => {
      const within = all.filter((each) => each > after && each < before);
      return (ascending ? within : within.reverse()).slice(0, limit);
    };
    const ways = [atOnce(history(world.store, b, {}, asked)), await historyOf(world.store, b, {}, asked, find)];
    for (const found of ways) {
      expect(found).toMatchObject({ positions, more });
      expect([...found.damaged].sort()).toEqual(all.slice(2, 9));
    }
  });
});

describe('a search', () => {
  it.each<[HistoryFilter, number[]]>([
    [{}, [21, 256]],
    [{ with: 2 }, [21, 256]],
    [{ room: 1 }, [21, 256]],
    [{ thread: 't' }, [256, 256]],
    [{ incoming: true }, [256, 256]],
    [{ with: 2, thread: 't' }, [256, 256]],
  ])('for %o asks for many at once where words alone do not find it', async (filter, limits) => {
    const world = new World();
    const [a, b] = [world.enter('A'), world.enter('B')];
    for (let i = 0; i < 256; i++) world.sent(a, 'A');
    const asked: number[] = [];
    // Somebody else's: none of them fits.
    await historyOf(world.store, b, filter, { before: 1e9, after: 0, count: 20, ascending: true }, async (_, limit) => {
      asked.push(limit);
      return asked.length > 1 ? [] : Array.from({ length: limit }, (_, i) => i + 1);
    });
    expect(asked).toEqual(limits);
  });
});

describe('a walk', () => {
  it('that waits between two steps holds none of what it found', async () => {
    const world = new World(emptyDatabase(), { tail: 0 });
    const [a, b, c] = [world.enter('A'), world.enter('B'), world.enter('C')];
    for (let i = 0; i < 100; i++) world.report(c, 'handed', [world.sent(b, 'C')]);
    for (let i = 0; i < 50; i++) world.sent(b, 'A', { body: `${i}`.padEnd(65_000, 'x') });
    world.store.settle();
    const before = heap();
    const range = { before: 1e9, after: 0, count: 200, ascending: false, stretch: 100 };
    const walks = Array.from({ length: 20 }, () => history(world.store, a, { with: b }, range));
    for (const walk of walks) expect(walk.next().done).toBe(false);
    // Of 65 MB.
    expect(heap() - before).toBeLessThan(16_000_000);
    for (const walk of walks) expect(atOnce(walk).positions).toHaveLength(50);
  });
});

/** Bytes, when all that can be let go of is. */
function heap(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

describe('rooms in the past', () => {
  it('are open to who is in now and closed to who left, but for what they sent themselves', () => {
    const world = new World();
    const [a, b] = [world.enter('A'), world.enter('B')];
    world.join(a, '#r');
    world.join(b, '#r');
    const [first, second] = [world.sent(a, '#r'), world.sent(b, '#r')];
    world.leave(b, '#r');
    expect(world.history(a)).toEqual([first, second]);
    expect(world.history(b)).toEqual([second]);
    const c = world.enter('C');
    expect(world.history(c)).toEqual([]);
    world.join(c, '#r');
    expect(world.history(c)).toEqual([first, second]);
  });
});
