import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { RECEIPT_STATES, type ReceiptState } from '../../src/protocol/receipt.ts';
import type { Effect } from '../../src/state/command.ts';
import { countStates } from '../../src/state/queries/receipts.ts';
import { type Action, Model } from './model.ts';
import { refused, World } from './world.ts';

// Thousands of cases: how long they take says nothing.
vi.setConfig({ testTimeout: 120_000 });

const who = fc.nat({ max: 7 });
const some = fc.array(fc.nat({ max: 40 }), { minLength: 1, maxLength: 6 });
/** Few histories live long enough when every action is as likely: sends and reports come more often. */
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record(
      {
        do: fc.constant('send' as const),
        who,
        to: fc.array(fc.nat({ max: 10 }), { minLength: 1, maxLength: 3 }),
        ttl: fc.nat({ max: 50 }),
        answers: fc.nat({ max: 40 }),
      },
      { requiredKeys: ['do', 'who', 'to'] },
    ),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('report' as const),
      who,
      state: fc.constantFrom<ReceiptState[]>(
        'handed',
        'handed',
        'handed',
        'seen',
        'seen',
        'refused',
        'dead',
        'replied',
      ),
      which: some,
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('join' as const, 'leave' as const), who, room: who }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('rename' as const), who }) },
  {
    weight: 1,
    arbitrary: fc.record(
      { do: fc.constant('expire' as const), after: fc.nat({ max: 50 }), unread: fc.nat({ max: 40 }) },
      { requiredKeys: ['do', 'after'] },
    ),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('prune' as const), which: some }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('enter' as const) }) },
);
const story = fc.array(action, { minLength: 1, maxLength: 60, size: 'max' });

function told(model: Model): string[] {
  return model.world.effects.flatMap((effect) =>
    effect.kind === 'receipt' ? [`${effect.position} ${effect.session} ${effect.state}`] : [],
  );
}

function expectSame(model: Model): void {
  const { world } = model;
  for (const session of model.sessions) {
    const inbox = model.inbox(session);
    expect(world.inbox(session)).toEqual(inbox);
    expect(world.count(session)).toBe(inbox.length);
    const direct = model.envelopes.filter((sent) => sent.direct.has(session) && sent.states.get(session) === 'stored');
    const bytes = direct.reduce((sum, sent) => sum + new TextEncoder().encode(sent.body).length, 0);
    expect(world.direct(session)).toEqual([direct.length, bytes]);
    const row = world.row(session);
    expect(row.seen).toBeLessThanOrEqual(row.handed);
  }
  for (const sent of model.envelopes) {
    const states = [...sent.states].map(([session, state]) => [model.nameOf(session), state]);
    expect(world.receipts(sent.position)).toEqual(Object.fromEntries(states));
  }
}

describe('receipts', () => {
  it('are for each envelope and recipient what their moves made them, whatever the order and whoever else moved', () => {
    fc.assert(
      fc.property(story, (actions) => {
        const model = new Model(3);
        for (const each of actions) model.perform(each);
        expectSame(model);
      }),
      { numRuns: 150 },
    );
  });

  it('agree with the definition after every single step', () => {
    fc.assert(
      fc.property(story, (actions) => {
        const model = new Model(2);
        for (const each of actions) {
          model.perform(each);
          expectSame(model);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('tell the sender of each move once, and of nothing else', () => {
    fc.assert(
      fc.property(story, (actions) => {
        const model = new Model(3);
        for (const each of actions) model.perform(each);
        const expected = model.effects.map((each) => `${each.position} ${each.session} ${each.state}`);
        expect(told(model).sort()).toEqual(expected.sort());
      }),
      { numRuns: 100 },
    );
  });

  it('count up to the recipients of each state', () => {
    fc.assert(
      fc.property(story, (actions) => {
        const model = new Model(3);
        for (const each of actions) model.perform(each);
        for (const sent of model.envelopes) {
          if (sent.to.length > 1) continue;
          const expected: Partial<Record<ReceiptState, number>> = {};
          for (const state of sent.states.values()) expected[state] = (expected[state] ?? 0) + 1;
          expect(countStates(model.world.store, model.world.trace(sent.position))).toEqual(expected);
        }
      }),
      { numRuns: 60 },
    );
  });
});

function receiptsTold(world: World): Effect[] {
  return world.told().filter(({ kind }) => kind === 'receipt');
}

/** A sends, B and C are to get it. */
function three() {
  const world = new World();
  const [a, b, c] = [world.enter('A'), world.enter('B'), world.enter('C')];
  return { world, a, b, c, rows: () => world.store.all('SELECT * FROM receipt').length };
}

describe('the cursors', () => {
  it('cost a broadcast no row when it is handed and seen in order', () => {
    const { world, a, b, c, rows } = three();
    for (let i = 0; i < 20; i++) {
      const position = world.sent(a, 'all');
      for (const session of [b, c]) {
        world.report(session, 'handed', [position]);
        world.report(session, 'seen', [position]);
      }
    }
    expect(rows()).toBe(0);
    expect([world.inbox(b), world.inbox(c)]).toEqual([[], []]);
    expect(world.row(b)).toMatchObject({ handed: 20, seen: 20 });
  });

  it('never skip what was not handed', () => {
    const { world, a, b } = three();
    const positions = [0, 1, 2, 3, 4].map(() => world.sent(a, 'all'));
    world.report(b, 'handed', [positions[4] ?? 0]);
    world.report(b, 'handed', [positions[1] ?? 0]);
    expect(world.inbox(b)).toEqual([positions[0], positions[2], positions[3]]);
    world.report(b, 'handed', [positions[0] ?? 0]);
    expect(world.row(b).handed).toBe(positions[1]);
    world.report(b, 'handed', [positions[2] ?? 0, positions[3] ?? 0]);
    expect([world.inbox(b), world.row(b).handed]).toEqual([[], positions[4]]);
  });

  it('mark nothing as seen that was only handed, though later mail was seen', () => {
    const { world, a, b } = three();
    const positions = [0, 1, 2].map(() => world.sent(a, 'all'));
    world.report(b, 'handed', positions);
    world.report(b, 'seen', [positions[1] ?? 0]);
    expect(positions.map((position) => world.receipts(position).B)).toEqual(['handed', 'seen', 'handed']);
    expect(world.receipt(positions[0] ?? 0, 'B')).toEqual({ name: 'B', state: 'handed' });
    world.report(b, 'seen', [positions[2] ?? 0, positions[0] ?? 0]);
    expect(positions.map((position) => world.receipts(position).B)).toEqual(['seen', 'seen', 'seen']);
  });

  it('get past a long stretch of unseen mail in steps, and stay exact', () => {
    const { world, a, b, rows } = three();
    const positions = Array.from({ length: 200 }, () => world.sent(a, 'all'));
    world.report(b, 'handed', positions);
    const last = positions.slice(-6);
    for (const position of last) world.report(b, 'seen', [position]);
    expect(positions.map((position) => world.receipts(position).B === 'seen')).toEqual(
      positions.map((position) => last.includes(position)),
    );
    expect(world.row(b).seen).toBe(200);
    expect(rows()).toBeLessThanOrEqual(200);
    const before = rows();
    const next = world.sent(a, 'all');
    world.report(b, 'seen', [next]);
    expect(rows()).toBe(before);
  });

  it('stand at the head for a newcomer, for whom nothing of before is stored, handed or seen', () => {
    const { world, a } = three();
    const position = world.sent(a, 'all');
    const d = world.enter('D');
    expect(world.report(d, 'seen', [position])).toBe(0);
    expect(Object.keys(world.receipts(position))).toEqual(['B', 'C']);
  });
});

describe('rooms', () => {
  it('give a member what was sent while it was in, also after it left', () => {
    const { world, a, b } = three();
    world.join(a, '#r');
    world.sent(a, '#r');
    world.join(b, '#r');
    const inside = world.sent(a, '#r');
    world.leave(b, '#r');
    world.sent(a, '#r');
    expect(world.inbox(b)).toEqual([inside]);
    expect(world.report(b, 'handed', [inside])).toBe(1);
    expect(world.inbox(b)).toEqual([]);
  });

  it('do not give what was sent between leaving and coming back', () => {
    const { world, a, b } = three();
    world.join(b, '#r');
    const first = world.sent(a, '#r');
    world.leave(b, '#r');
    const between = world.sent(a, '#r');
    world.join(b, '#r');
    const second = world.sent(a, '#r');
    expect(world.inbox(b)).toEqual([first, second]);
    expect(world.receipts(between)).toEqual({});
    expect(world.report(b, 'handed', [between])).toBe(0);
  });

  it('can be left and joined again before anything is sent', () => {
    const { world, a, b } = three();
    for (let i = 0; i < 3; i++) {
      world.join(b, '#r');
      world.leave(b, '#r');
    }
    world.join(b, '#r');
    const position = world.sent(a, '#r');
    expect(world.inbox(b)).toEqual([position]);
    expect(
      world.store.all('SELECT * FROM follow WHERE channel NOT IN (SELECT id FROM session) AND channel <> 1'),
    ).toHaveLength(1);
  });
});

describe('a receipt', () => {
  it.each(RECEIPT_STATES)('of mail of others moves nothing: %s', (state) => {
    const { world, a, b, c } = three();
    const direct = world.sent(a, 'B');
    const own = world.sent(c, 'all');
    world.told();
    const before = world.dump();
    expect(world.report(c, state, [direct, own, 999, -1])).toBe(0);
    expect(world.dump()).toBe(before);
    expect(world.told()).toEqual([]);
    expect(world.inbox(b)).toEqual([direct, own]);
  });

  it('by a session that is not there moves nothing', () => {
    const { world, a } = three();
    const position = world.sent(a, 'B');
    const before = world.dump();
    expect(world.report(99, 'handed', [position])).toBe(0);
    expect(world.dump()).toBe(before);
  });

  it('says when each step was, for direct mail', () => {
    const { world, a, b } = three();
    const position = world.sent(a, 'B');
    world.apply({ type: 'receipt', at: 10, session: b, state: 'handed', positions: [position] });
    expect(world.receipt(position, 'B')).toEqual({ name: 'B', state: 'handed', at: 10, handed_at: 10 });
    world.apply({ type: 'receipt', at: 20, session: b, state: 'seen', positions: [position] });
    expect(world.receipt(position, 'B')).toEqual({ name: 'B', state: 'seen', at: 20, handed_at: 10, seen_at: 20 });
    world.apply({ type: 'receipt', at: 30, session: b, state: 'refused', positions: [position], reason: 'no' });
    expect(world.receipt(position, 'B')).toEqual({
      name: 'B',
      state: 'refused',
      at: 30,
      handed_at: 10,
      seen_at: 20,
      reason: 'no',
    });
  });

  it('says why, to the sender too', () => {
    const { world, a, b } = three();
    const position = world.sent(a, 'B', { id: 'x' });
    world.told();
    world.report(b, 'refused', [position], 'too long');
    expect(receiptsTold(world)).toMatchObject([{ kind: 'receipt', sender: a, id: 'x', name: 'B', reason: 'too long' }]);
    expect(world.receipt(position, 'B')).toMatchObject({ state: 'refused', reason: 'too long' });
  });
});

describe('a claim', () => {
  const claims = (world: World, session: number) => Object.fromEntries(world.row(session).claims);

  it('counts each time that something was given out, until it is handed', () => {
    const { world, a, b } = three();
    const [x, y] = [world.sent(a, 'B'), world.sent(a, 'all')];
    world.apply({ type: 'claim', session: b, positions: [x, y] });
    world.apply({ type: 'claim', session: b, positions: [y] });
    expect(claims(world, b)).toEqual({ [x]: 1, [y]: 2 });
    world.report(b, 'handed', [x]);
    expect(claims(world, b)).toEqual({ [y]: 2 });
    world.report(b, 'dead', [y]);
    expect(claims(world, b)).toEqual({});
  });

  it.each(['handed', 'seen', 'refused', 'dead', 'expired', 'replied'] as const)('ends with %s', (state) => {
    const { world, a, b } = three();
    const position = world.sent(a, 'B');
    world.apply({ type: 'claim', session: b, positions: [position] });
    world.report(b, state, [position]);
    expect(claims(world, b)).toEqual({});
  });

  it('hands nothing', () => {
    const { world, a, b } = three();
    const position = world.sent(a, 'B');
    world.apply({ type: 'claim', session: b, positions: [position] });
    expect([world.inbox(b), world.receipts(position)]).toEqual([[position], { B: 'stored' }]);
  });

  it('by a session that is not there is passed over', () => {
    const { world } = three();
    const before = world.dump();
    world.apply({ type: 'claim', session: 99, positions: [1] });
    expect(world.dump()).toBe(before);
  });
});

describe('expiry', () => {
  it('ends what was not handed, leaves what was, and tells the sender', () => {
    const { world, a, b, c } = three();
    const position = world.sent(a, 'all', { id: 'x', expires_at: 100 });
    world.report(b, 'handed', [position]);
    world.told();
    expect(world.apply({ type: 'expire', at: 100 }).outcome).toEqual({ more: false });
    expect(world.receipts(position)).toEqual({ B: 'handed', C: 'expired' });
    expect(receiptsTold(world)).toMatchObject([{ sender: a, id: 'x', name: 'C', state: 'expired', at: 100 }]);
    expect(world.inbox(c)).toEqual([]);
    expect(world.receipt(position, 'C')).toEqual({ name: 'C', state: 'expired', at: 100 });
  });

  it.each([
    [99, 'stored'],
    [100, 'expired'],
    [101, 'expired'],
  ])('of 100 at %i leaves it %s', (at, state) => {
    const { world, a } = three();
    const position = world.sent(a, 'B', { expires_at: 100 });
    world.apply({ type: 'expire', at });
    expect(world.receipts(position)).toEqual({ B: state });
  });

  it('frees the inbox of direct mail', () => {
    const { world, a, b } = three();
    world.sent(a, 'B', { expires_at: 100 });
    world.apply({ type: 'expire', at: 100 });
    expect(world.direct(b)).toEqual([0, 0]);
  });

  it('takes some hundred receipts at once, the first to end first, and says that there are more', () => {
    const { world, a, b } = three();
    for (let i = 0; i < 400; i++) world.sent(a, 'B', { expires_at: 500 - i });
    expect(world.apply({ type: 'expire', at: 500 }).outcome).toEqual({ more: true });
    expect(world.inbox(b)).toEqual(Array.from({ length: 150 }, (_, i) => i + 1));
    expect(world.apply({ type: 'expire', at: 500 }).outcome).toEqual({ more: false });
    expect([world.inbox(b), world.apply({ type: 'expire', at: 500 }).effects]).toEqual([[], []]);
  });

  it('goes on where it left off with a broadcast to more than it takes at once, and tells the sender when all are ended', () => {
    const world = new World();
    const a = world.enter('A');
    for (let i = 0; i < 1_000; i++) world.enter(`S${i}`);
    const position = world.sent(a, 'all', { id: 'x', expires_at: 100 });
    expect(world.apply({ type: 'expire', at: 100 }).outcome).toEqual({ more: true });
    expect([countStates(world.store, world.envelope(position)), world.inbox(a)]).toEqual([
      { expired: 500, stored: 500 },
      [],
    ]);
    expect(world.apply({ type: 'expire', at: 100 }).outcome).toEqual({ more: true });
    expect(countStates(world.store, world.envelope(position))).toEqual({ expired: 1_000 });
    expect(world.inbox(a).map((at) => world.read(at))).toMatchObject([
      {
        from: '(relay)',
        reply_to: 'x',
        body: 'Your message x was not read in time, and has expired, for S0, S1, S2, S3, S4 and 995 more.',
      },
    ]);
    expect(world.apply({ type: 'expire', at: 100 })).toEqual({ outcome: { more: false }, effects: [] });
  });
});

describe('what is unread for too long', () => {
  it('ends without an end of its own, up to what was stored until then', () => {
    const { world, a, b } = three();
    const [old, newer] = [world.sent(a, 'B', { at: 10 }), world.sent(a, 'B', { at: 20 })];
    world.apply({ type: 'expire', at: 100, stored: 10 });
    expect([world.receipts(old), world.receipts(newer), world.inbox(b)]).toEqual([
      { B: 'expired' },
      { B: 'stored' },
      [newer],
    ]);
  });

  it('is told to its sender once, however often it is looked at, and also when it had an end of its own', () => {
    const { world, a, b } = three();
    world.sent(a, 'B', { at: 10, expires_at: 50 });
    world.sent(a, 'B', { at: 11 });
    world.apply({ type: 'expire', at: 100 });
    for (let i = 0; i < 3; i++) world.apply({ type: 'expire', at: 100, stored: 30 });
    expect(world.inbox(a)).toHaveLength(2);
    expect([world.row(b).missed, ...world.direct(b)]).toEqual([2, 0, 0]);
  });

  it('leaves alone what was read, and is not told of a notice that nobody read either', () => {
    const { world, a, b } = three();
    const [read, unread] = [world.sent(a, 'B', { at: 10 }), world.sent(a, 'B', { at: 10 })];
    world.report(b, 'handed', [read]);
    world.apply({ type: 'expire', at: 100, stored: 30 });
    world.apply({ type: 'expire', at: 200, stored: 150 });
    expect([world.receipts(read), world.receipts(unread), world.inbox(a)]).toEqual([
      { B: 'handed' },
      { B: 'expired' },
      [],
    ]);
    expect(world.row(a).missed).toBe(1);
  });
});

describe('a notice', () => {
  it('says which message ended, for whom and why, as an answer to it', () => {
    const { world, a, b } = three();
    const position = world.sent(a, 'B', { id: 'x', thread: 't' });
    world.apply({ type: 'receipt', at: 5, session: b, state: 'dead', positions: [position], reason: 'damaged' });
    const [notice = 0] = world.inbox(a);
    expect(world.read(notice)).toEqual({
      id: 'end-1-3',
      position: 2,
      from: '(relay)',
      to: ['A'],
      at: 5,
      thread: 't',
      reply_to: 'x',
      body: 'Your message x was given up for B. Reason: damaged',
    });
  });

  it('finds an id of its own where a sender has taken it', () => {
    const { world, a, b } = three();
    world.send(a, 'C', { id: 'end-3-3' });
    world.send(a, 'C', { id: 'end-3-3-2' });
    world.report(b, 'refused', [world.sent(a, 'B')]);
    expect(world.inbox(a).map((at) => world.envelope(at).id)).toEqual(['end-3-3-3']);
  });

  it('cannot be answered, and nobody can write to who sent it or take that name', () => {
    const { world, a, b } = three();
    world.report(b, 'refused', [world.sent(a, 'B')]);
    const { id } = world.envelope(world.inbox(a)[0] ?? 0);
    const answer = { type: 'send', at: 9, id: 'y', sender: a, body: 'why?', priority: 'normal', hash: 'h' } as const;
    refused('unknown_message', () => world.apply({ ...answer, to: [], reply_to: id }));
    refused('name_invalid', () => world.apply({ ...answer, to: ['(relay)'] }));
    refused('name_invalid', () => world.enter('(relay)'));
    expect(world.apply({ ...answer, to: ['B'], reply_to: id }).outcome.position).toBe(3);
  });
});
