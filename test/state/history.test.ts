import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { channelOf } from '../../src/state/queries/channels.ts';
import { type HistoryFilter, history, matchExpression, maySeeRow } from '../../src/state/queries/history.ts';
import { type Action, Model } from './model.ts';
import { refused, World } from './world.ts';

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
): { name: string; filter: HistoryFilter; fits: (index: number) => boolean }[] {
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
    { name: 'word', filter: { query: 'word1' }, fits: word('word1') },
    { name: 'prefix', filter: { query: 'wor*' }, fits: () => true },
    { name: 'thread', filter: { thread: 't' }, fits: (index) => at(index).thread === 't' },
    { name: 'incoming', filter: { incoming: true }, fits: incoming },
    {
      name: 'incoming word of a thread',
      filter: { incoming: true, query: 'word0', thread: 't' },
      fits: (index) => incoming(index) && word('word0')(index) && at(index).thread === 't',
    },
    ...others,
    ...rooms,
  ];
}

/** Was it addressed to `other` by name, so that it has a route of its own? */
function sentTo(sent: Model['envelopes'][number], other: number, model: Model): boolean {
  return model.world.envelope(sent.position).channels.includes(other);
}

describe('history', () => {
  it('shows what one sent, was sent, present rooms and broadcasts, and nothing else, whichever filter finds it', () => {
    fc.assert(
      fc.property(story, (actions) => {
        const model = new Model(3);
        for (const each of actions) model.perform(each);
        for (const session of model.sessions) {
          for (const { name, filter, fits } of filters(model, session)) {
            const expected = model.envelopes.filter((sent, i) => model.maySee(session, sent) && fits(i));
            expect(model.world.history(session, filter), name).toEqual(expected.map((sent) => sent.position));
          }
          for (const sent of model.envelopes) {
            const row = model.world.envelope(sent.position);
            expect(maySeeRow(model.world.store, row, session)).toBe(model.maySee(session, sent));
          }
        }
      }),
      { numRuns: 60 },
    );
  });

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
          const page = history(model.world.store, session, {}, { before, after, count, ascending });
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
    ['a word', { query: 'needle' }],
    ['a thread', { thread: 't' }],
    ['both', { query: 'needle', thread: 't' }],
  ])('is searched to its end past what one may not see, with %s', (_, filter) => {
    const { world, a, b, c, mine } = buried();
    expect(world.history(a, filter)).toEqual(mine);
    expect(world.history(b, filter)).toHaveLength(702);
    expect(world.history(c, filter)).toHaveLength(700);
    expect(world.history(c, filter, 10)).toEqual(Array.from({ length: 10 }, (_, i) => 692 + i));
  });

  it.each<[string, HistoryFilter]>([
    ['no filter', {}],
    ['a word', { query: 'needle' }],
    ['a thread', { thread: 't' }],
  ])('is searched from its start too, with %s', (_, filter) => {
    const { world, a, mine } = buried();
    const { rows, more } = history(world.store, a, filter, { before: 1e9, after: 0, count: 2, ascending: true });
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

describe('search', () => {
  function library(bodies: readonly string[]) {
    const world = new World();
    const a = world.enter('A');
    for (const body of bodies) world.send(a, 'A', { body });
    return (query: string) => world.history(a, { query }).map((position) => world.read(position).body);
  }

  it.each<[string, string[]]>([
    ['alpha', ['Alpha beta', 'alpha gamma']],
    ['ALPHA', ['Alpha beta', 'alpha gamma']],
    ['beta alpha', ['Alpha beta']],
    ['alp*', ['Alpha beta', 'alpha gamma']],
    ['alp', []],
    ['alpha *', ['Alpha beta', 'alpha gamma']],
    ['ecole', ['École']],
    ['"alpha', ['Alpha beta', 'alpha gamma']],
    ['src/state/ladder.ts', ['see src/state/ladder.ts']],
    ['42', ['42 is a number']],
    ['alpha OR', []],
    ['NOT alpha', []],
    ['NEAR(alpha', []],
    ['body:alpha', []],
    ['beta -alpha', ['Alpha beta']],
    ['日本', ['日本 語']],
  ])('finds %j in %j', (query, expected) => {
    const find = library([
      'Alpha beta',
      'alpha gamma',
      'École',
      'see src/state/ladder.ts',
      '42 is a number',
      '日本 語',
    ]);
    expect(find(query)).toEqual(expected);
  });

  it.each(['', ' ', '*', '"', '""', '- -', '()', '…', '\0', '\ud800', '***', '^'])(
    'refuses %j, which holds no word',
    (query) => {
      refused('bad_request', () => library([])(query));
    },
  );

  it('takes anything that people can type: an answer or bad_request, never a fault', () => {
    const find = library(['alpha', 'beta gamma']);
    const piece = fc.constantFrom(
      ...'"*^:(){}[]+-,.\\/\'`~<>=!?;|&%$#@\0 \t\n\ud800\udfff☃é',
      'NEAR',
      'AND',
      'OR',
      'NOT',
      'alpha',
      'body',
      '0',
    );
    const hostile = fc.oneof(
      fc.array(piece, { maxLength: 30 }).map((parts) => parts.join('')),
      fc.string({ unit: 'binary', maxLength: 256 }),
    );
    fc.assert(
      fc.property(hostile, (query) => {
        if (/[\p{L}\p{N}]/u.test(query)) expect(find(query)).toBeInstanceOf(Array);
        else refused('bad_request', () => find(query));
      }),
      { numRuns: 2_000 },
    );
  });

  it('quotes each word, so that none can be an operator', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), (query) => {
        if (!/[\p{L}\p{N}]/u.test(query)) return;
        expect(matchExpression(query)).toMatch(/^"(?:[^"\0]|"")*"\*?(?: "(?:[^"\0]|"")*"\*?)*$/);
      }),
    );
  });

  it('takes as many words as a query may hold', () => {
    const words = Array.from({ length: 128 }, () => 'a').join(' ');
    expect(library(['a a'])(words)).toEqual(['a a']);
  });
});
