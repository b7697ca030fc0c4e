import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { heldSentence } from '../../src/protocol/held.ts';
import { LIMITS } from '../../src/protocol/limits.ts';
import { STANCES, type Stance } from '../../src/protocol/stance.ts';
import { unhandedMatching } from '../../src/state/queries/inbox.ts';
import { emptyDatabase, refused, World } from './world.ts';

vi.mock('../../src/state/queries/people.ts', async (original) => ({
  ...(await original<object>()),
  ...(await import('../support/two-people.ts')),
}));
// Thousands of commands: how long they take says nothing.
vi.setConfig({ testTimeout: 120_000 });

const mail = (world: World, session: number, filter = {}) =>
  unhandedMatching(world.store, world.row(session), 0, 10_000, filter);
const decide = (world: World, stance: Stance, of: string, more: { person?: string; always?: boolean } = {}) =>
  world.apply({ type: 'decide', at: world.tick(), person: 'owner', always: false, stance, of, ...more }).outcome;

function two() {
  const world = new World();
  const [a, bob] = [world.enter('A'), world.enter('BOB-1')];
  world.told();
  return { world, a, bob };
}

describe('a message of somebody whose person is unknown', () => {
  it('is stored and held: its sender is told, and it is in no inbox and no history but the sender’s', async () => {
    const { world, a, bob } = two();
    const sent = world.send(bob, 'A', { id: 'm1', body: 'hello secret' });
    expect(sent.held).toEqual([{ session: a, why: 'unknown' }]);
    expect([mail(world, a), world.count(a), world.history(a)]).toEqual([[], 0, []]);
    expect(await world.search(a, 'secret')).toEqual([]);
    expect([world.history(bob), await world.search(bob, 'secret')]).toEqual([[sent.position], [sent.position]]);
    expect(world.told()).toEqual([
      { kind: 'stored', position: sent.position, sender: bob, channels: [] },
      { kind: 'held', person: 'owner' },
    ]);
  });

  it('is `stored` in its receipt, which says that it is held and why', () => {
    const { world, bob } = two();
    const position = world.sent(bob, 'A');
    expect(world.receipt(position, 'A')).toMatchObject({
      state: 'stored',
      held: 'unknown',
      unseen: heldSentence('unknown'),
    });
  });

  it('cannot be moved, remarked on or answered by its recipient', () => {
    const { world, a, bob } = two();
    const position = world.sent(bob, 'A', { id: 'm1' });
    for (const state of ['handed', 'seen', 'refused'] as const) expect(world.report(a, state, [position])).toBe(0);
    const remark = { type: 'remark', at: 5, session: a, positions: [position], reason: 'busy' } as const;
    expect(world.apply(remark).outcome.changed).toBe(0);
    refused('unknown_message', () => world.send(a, [], { reply_to: 'm1' }));
    world.send(a, 'A', { reply_to: 'm1' });
    expect(world.receipt(position, 'A')).toMatchObject({ state: 'stored', unseen: heldSentence('unknown') });
  });

  it('says the same when it is sent again', () => {
    const { world, a, bob } = two();
    const first = world.send(bob, 'A', { id: 'm1', body: 'x' });
    const again = world.send(bob, 'A', { id: 'm1', body: 'x' });
    expect(again).toMatchObject({ position: first.position, duplicate: true, held: [{ session: a, why: 'unknown' }] });
    expect(world.receipts(first.position)).toEqual({ A: 'stored' });
  });

  it('does not fill the inbox, and does not stand in the way of what comes after', () => {
    const { world, a, bob } = two();
    const b = world.enter('B');
    world.sent(bob, 'A');
    const later = world.sent(b, 'A');
    expect([mail(world, a), world.count(a), ...world.direct(a)]).toEqual([
      [later],
      1,
      1,
      world.read(later).body.length,
    ]);
    world.report(a, 'seen', [later]);
    expect([mail(world, a), world.count(a), ...world.direct(a)]).toEqual([[], 0, 0, 0]);
  });

  it('is not counted as missed when it expires; its sender is told, and it is never shown', () => {
    const { world, a, bob } = two();
    const position = world.sent(bob, 'A', { id: 'm1', expires_at: 10 });
    world.apply({ type: 'expire', at: 20 });
    expect([world.receipt(position, 'A').state, world.row(a).missed]).toEqual(['expired', 0]);
    expect(world.receipt(position, 'A').held).toBeUndefined();
    expect([mail(world, a), world.history(a)]).toEqual([[], []]);
    expect(mail(world, bob).map((at) => world.read(at).body)).toEqual([
      'Your message m1 was not read in time, and has expired, for A.',
    ]);
    refused('not_held', () => decide(world, 'accept', 'm1'));
  });

  it.each(['refuse', 'accept'] as const)(
    'is refused past the limit, with nothing stored; to %s makes room',
    (stance) => {
      const { world, bob } = two();
      for (let i = 0; i < LIMITS.heldMessages; i++) world.sent(bob, 'A');
      const before = world.dump();
      const error = refused('held_full', () => world.send(bob, 'A'));
      expect(error.message).toBe(
        '1000 messages are held for owner, who has yet to decide about them; nothing was sent.',
      );
      expect(world.dump()).toBe(before);
      expect(decide(world, stance, 'bob').changed).toBe(LIMITS.heldMessages);
      expect(world.send(bob, 'A').held).toHaveLength(1);
    },
  );

  it('leaves the room of another stranger alone', () => {
    const { world, bob } = two();
    const eve = world.enter('EVE-1');
    for (let i = 0; i < LIMITS.heldMessages; i++) world.sent(bob, 'A');
    expect(world.send(eve, 'A').held).toHaveLength(1);
  });
});

describe('accepting', () => {
  it('makes it mail, however far the inbox has been read, and wakes its recipient', () => {
    const { world, a, bob } = two();
    const b = world.enter('B');
    const held = world.sent(bob, 'A', { id: 'm1' });
    world.report(a, 'seen', [world.sent(b, 'A')]);
    const later = world.sent(b, 'A');
    world.told();
    expect(decide(world, 'accept', 'm1')).toEqual({ changed: 1, always: false });
    expect(world.told()).toEqual([{ kind: 'stored', position: held, sender: bob, channels: [a] }]);
    expect([mail(world, a), world.count(a)]).toEqual([[held, later], 2]);
    expect(mail(world, a, { sender: bob })).toEqual([held]);
    expect(world.history(a)).toContain(held);
    expect(world.receipt(held, 'A')).toMatchObject({ state: 'stored' });
    expect(world.receipt(held, 'A')).not.toHaveProperty('held');
    expect(world.receipt(held, 'A')).not.toHaveProperty('unseen');
  });

  it.each(['handed', 'seen', 'refused'] as const)(
    'lets it go on to %s, once, and leaves no counter behind',
    (state) => {
      const { world, a, bob } = two();
      const held = world.sent(bob, 'A', { id: 'm1' });
      decide(world, 'accept', 'm1');
      expect(world.report(a, state, [held])).toBe(1);
      expect(world.receipts(held)).toEqual({ A: state });
      expect([mail(world, a), world.count(a), ...world.direct(a), world.row(a).released.size]).toEqual([
        [],
        0,
        0,
        0,
        0,
      ]);
    },
  );

  it('can be answered then', () => {
    const { world, a, bob } = two();
    const held = world.sent(bob, 'A', { id: 'm1' });
    decide(world, 'accept', 'm1');
    world.send(a, [], { reply_to: 'm1' });
    expect(world.receipts(held)).toEqual({ A: 'replied' });
  });

  it('of a person is for all that is held of their sessions, and of nobody else', () => {
    const { world, a, bob } = two();
    const [second, eve] = [world.enter('BOB-2'), world.enter('EVE-1')];
    const theirs = [world.sent(bob, 'A'), world.sent(second, 'A')];
    world.sent(eve, 'A');
    expect(decide(world, 'accept', 'bob')).toEqual({ changed: 2, always: false });
    expect(mail(world, a)).toEqual(theirs);
    expect(world.send(bob, 'A').held).toHaveLength(1);
  });

  it('for always is also for what is yet to come', () => {
    const { world, a, bob } = two();
    expect(decide(world, 'accept', 'bob', { always: true })).toEqual({ changed: 0, always: true });
    expect(world.send(bob, 'A').held).toEqual([]);
    expect(mail(world, a)).toHaveLength(1);
  });

  it('of a session goes before what is said of its person', () => {
    const { world, bob } = two();
    const second = world.enter('BOB-2');
    decide(world, 'refuse', 'bob', { always: true });
    decide(world, 'accept', 'BOB-2', { always: true });
    refused('not_accepted', () => world.send(bob, 'A'));
    expect(world.send(second, 'A').held).toEqual([]);
  });

  it('is only for the person whose it is', () => {
    const { world, a, bob } = two();
    world.sent(bob, 'A', { id: 'm1' });
    refused('not_held', () => decide(world, 'accept', 'm1', { person: 'eve' }));
    expect(decide(world, 'accept', 'bob', { person: 'eve' }).changed).toBe(0);
    expect(mail(world, a)).toEqual([]);
  });

  it('survives a restart, and is the same from the tables as from memory', () => {
    const database = emptyDatabase();
    const world = new World(database, { tail: 1 });
    const [a, bob] = [world.enter('A'), world.enter('BOB-1')];
    const held = world.sent(bob, 'A', { id: 'm1' });
    decide(world, 'accept', 'm1');
    world.store.settle();
    world.store.forget();
    expect([mail(world, a), world.count(a)]).toEqual([[held], 1]);
  });
});

describe('refusing', () => {
  it('ends it, and tells the sender; it is never shown', () => {
    const { world, a, bob } = two();
    const held = world.sent(bob, 'A', { id: 'm1' });
    expect(decide(world, 'refuse', 'm1')).toEqual({ changed: 1, always: false });
    expect(world.receipts(held)).toEqual({ A: 'refused' });
    expect(mail(world, bob).map((at) => world.read(at).body)).toEqual(['Your message m1 was refused by A.']);
    expect([mail(world, a), world.history(a), world.row(a).missed]).toEqual([[], [], 0]);
    refused('not_held', () => decide(world, 'accept', 'm1'));
  });

  it('for always refuses at once, with nothing stored', () => {
    const { world, bob } = two();
    decide(world, 'refuse', 'bob', { always: true });
    const before = world.dump();
    const error = refused('not_accepted', () => world.send(bob, ['A', 'BOB-1']));
    expect([error.message, world.dump()]).toEqual(['A takes no messages from you.', before]);
  });

  it('is the end of group mail for those who refuse, and of nobody else', () => {
    const { world, a, bob } = two();
    const eve = world.enter('EVE-1');
    decide(world, 'refuse', 'bob', { always: true });
    decide(world, 'accept', 'bob', { always: true, person: 'eve' });
    const position = world.sent(bob, 'all');
    expect(world.receipts(position)).toEqual({ A: 'refused', 'EVE-1': 'stored' });
    expect([mail(world, a), world.history(a)]).toEqual([[], []]);
    expect([mail(world, eve), world.history(eve)]).toEqual([[position], [position]]);
  });
});

describe('a decision', () => {
  it('about one message is for once, and holding is for what is to come', () => {
    const { world, bob } = two();
    world.sent(bob, 'A', { id: 'm1' });
    refused('bad_request', () => decide(world, 'accept', 'm1', { always: true }));
    refused('bad_request', () => decide(world, 'hold', 'm1'));
    expect(decide(world, 'hold', 'bob')).toEqual({ changed: 0, always: true });
  });

  it('needs somebody whom it is about', () => {
    const { world } = two();
    expect(refused('not_held', () => decide(world, 'accept', 'nobody')).message).toBe(
      'No message nobody is held for you, and no session or person is called so.',
    );
  });

  it('to hold a session of one’s own holds it', () => {
    const { world, a } = two();
    const b = world.enter('B');
    decide(world, 'hold', 'B');
    expect(world.send(b, 'A').held).toEqual([{ session: a, why: 'policy' }]);
  });
});

describe('a session that is stricter than its person', () => {
  it('holds everybody, its own person’s too, until it says otherwise', () => {
    const { world, a } = two();
    const b = world.enter('B');
    const say = (messages: Stance) => world.enter('A', { about: { messages } });
    say('hold');
    expect(world.send(b, 'A').held).toEqual([{ session: a, why: 'session' }]);
    say('refuse');
    refused('not_accepted', () => world.send(b, 'A'));
    world.enter('A');
    refused('not_accepted', () => world.send(b, 'A'));
    say('accept');
    expect(world.send(b, 'A').held).toEqual([]);
  });

  it('never lets through what its person does not', () => {
    const { world, bob } = two();
    for (const own of STANCES)
      for (const person of STANCES) {
        world.enter('A', { about: { messages: own } });
        decide(world, person, 'bob', { always: true });
        const strictest = STANCES[Math.max(STANCES.indexOf(own), STANCES.indexOf(person))];
        const send = () => world.send(bob, 'A').held.length;
        if (strictest === 'refuse') refused('not_accepted', send);
        else expect([own, person, send()]).toEqual([own, person, strictest === 'hold' ? 1 : 0]);
      }
  });

  it('writes to itself all the same', () => {
    const { world, a } = two();
    world.enter('A', { about: { messages: 'refuse' } });
    const note = world.sent(a, 'A');
    expect(mail(world, a)).toEqual([note]);
  });
});

describe('what a brake holds', () => {
  it('waits for the person of its recipients, also among one person’s sessions', () => {
    const { world, a } = two();
    const b = world.enter('B');
    expect(world.send(b, 'A', { hold: 'copies' }).held).toEqual([{ session: a, why: 'copies' }]);
    expect(mail(world, a)).toEqual([]);
  });

  it('is not held from those whose person has said that this very session is accepted', () => {
    const { world } = two();
    const b = world.enter('B');
    decide(world, 'accept', 'owner', { always: true });
    expect(world.send(b, 'A', { hold: 'hops' }).held).toHaveLength(1);
    decide(world, 'accept', 'B', { always: true });
    expect(world.send(b, 'A', { hold: 'hops' }).held).toEqual([]);
  });
});

describe('a room', () => {
  it('keeps from who joins later what their person does not accept', () => {
    const { world, bob } = two();
    world.join(bob, '#r');
    const position = world.sent(bob, '#r');
    const late = world.enter('LATE');
    world.join(late, '#r');
    expect(world.history(late)).toEqual([]);
    decide(world, 'accept', 'bob', { always: true });
    expect(world.history(late)).toEqual([position]);
  });
});

describe('what is forgotten', () => {
  it('leaves nothing of what was held, and nothing that is held is forgotten', () => {
    const { world, bob } = two();
    const position = world.sent(bob, 'A', { id: 'm1' });
    const prune = () => world.apply({ type: 'prune', positions: [position] }).outcome.pruned;
    expect(prune()).toBe(0);
    decide(world, 'refuse', 'm1');
    expect(prune()).toBe(1);
    expect(world.store.all('SELECT * FROM held')).toEqual([]);
  });
});

type Step =
  | { readonly do: 'send'; readonly from: number; readonly to: readonly number[] }
  | { readonly do: 'decide'; readonly stance: Stance; readonly which: number; readonly always: boolean }
  | { readonly do: 'report'; readonly who: number; readonly state: 'handed' | 'seen'; readonly which: number }
  | { readonly do: 'answer'; readonly who: number; readonly which: number }
  | { readonly do: 'tighten'; readonly who: number; readonly messages: Stance }
  | { readonly do: 'join'; readonly who: number }
  | { readonly do: 'expire' };

const NAMES = ['A', 'B', 'BOB-1', 'EVE-1'];
const who = fc.nat({ max: NAMES.length - 1 });
const stance = fc.constantFrom(...STANCES);
const which = fc.nat({ max: 20 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('send' as const),
      from: who,
      to: fc.array(fc.nat({ max: 5 }), { minLength: 1, maxLength: 2 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('decide' as const), stance, which, always: fc.boolean() }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('report' as const),
      who,
      state: fc.constantFrom('handed' as const, 'seen' as const),
      which,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('answer' as const), who, which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('tighten' as const), who, messages: stance }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('join' as const), who }) },
  { weight: 1, arbitrary: fc.constant({ do: 'expire' as const }) },
);

/** By the definition: what was kept from whom, until it was accepted. */
class Kept {
  readonly world: World;
  readonly sessions: number[];
  readonly kept = new Map<number, Set<number>>();

  constructor(tail: number) {
    this.world = new World(emptyDatabase(), { tail });
    this.sessions = NAMES.map((name) => this.world.enter(name));
  }

  perform(step: Step): void {
    try {
      this.#perform(step);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error)) throw error;
    }
  }

  #perform(step: Step): void {
    const { world } = this;
    const at = (index: number) => this.sessions[index] ?? 0;
    switch (step.do) {
      case 'send': {
        const to = step.to.map((index) => [...NAMES, '#r', 'all'][index] ?? 'all');
        const { position, held } = world.send(at(step.from), to, { expires_at: 100_000 + step.from });
        this.kept.set(position, new Set(held.map(({ session }) => session)));
        return;
      }
      case 'decide':
        return this.#decide(step);
      case 'report':
        return void world.report(at(step.who), step.state, [step.which]);
      case 'answer':
        return void world.send(at(step.who), [], { reply_to: `m${step.which}` });
      case 'tighten':
        return void world.enter(NAMES[step.who] ?? 'A', { about: { messages: step.messages } });
      case 'join':
        return world.join(at(step.who), '#r');
      case 'expire':
        return void world.apply({ type: 'expire', at: 100_001 });
      default:
        return step satisfies never;
    }
  }

  #decide({ stance, which, always }: Step & { do: 'decide' }): void {
    const of = which > 12 ? ['bob', 'eve', 'BOB-1', 'B'][which % 4] : `m${which}`;
    const open = this.world.store.all<{ position: number; session: number; person: string }>(
      "SELECT * FROM held WHERE is_open = 1 AND person = 'owner'",
    );
    decide(this.world, stance, of ?? '', { always });
    const left = new Set(
      this.world.store
        .all<{ position: number; session: number }>('SELECT * FROM held')
        .map((row) => `${row.position}/${row.session}`),
    );
    if (stance !== 'accept') return;
    for (const { position, session } of open)
      if (!left.has(`${position}/${session}`)) this.kept.get(position)?.delete(session);
  }

  /** Of what was kept from a session nothing is shown to it, by whatever way it looks. */
  async check(): Promise<void> {
    for (const session of this.sessions) {
      const kept = [...this.kept].filter(([, from]) => from.has(session)).map(([position]) => position);
      const shown = [
        ...mail(this.world, session),
        ...this.world.history(session),
        ...(await this.world.search(session, 'body')),
      ];
      expect(shown.filter((position) => kept.includes(position))).toEqual([]);
      expect(this.world.count(session)).toBe(mail(this.world, session).length);
    }
  }
}

describe('a held message', () => {
  it('is never shown before it is accepted: not in the inbox, the history or the search, whatever happens meanwhile', async () => {
    let kept = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 5, maxLength: 40, size: 'max' }),
        fc.constantFrom(1, 100),
        async (steps, tail) => {
          const run = new Kept(tail);
          for (const each of steps) {
            run.perform(each);
            run.world.store.commit();
            await run.check();
          }
          kept += [...run.kept.values()].filter((from) => from.size > 0).length;
        },
      ),
      { numRuns: 60 },
    );
    expect(kept).toBeGreaterThan(100);
  });
});
