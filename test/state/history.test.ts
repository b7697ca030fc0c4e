import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { channelOf } from '../../src/state/queries/channels.ts';
import { type HistoryFilter, history, maySeeRow } from '../../src/state/queries/history.ts';
import { type Action, Model } from './model.ts';
import { atOnce, World } from './world.ts';

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
      const page = atOnce(history(world.store, session, filter, { before, after, count: 2, ascending, stretch: 3 }));
      const positions = page.rows.map((row) => row.position);
      if (ascending) found.push(...positions);
      else found.unshift(...positions);
      if (!page.more) return found;
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
          const positions = page.rows.map((row) => row.position);
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
    const { rows, more } = atOnce(
      history(world.store, a, filter, { before: 1e9, after: 0, count: 2, ascending: true }),
    );
    expect([rows.map((row) => row.position), more]).toEqual([mine, false]);
  });
});

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
