/**
 * What inboxes and histories say is what the tables say, looked through from the first row to the last: whatever was done, however
 * little is kept in memory, and after what was undone.
 */
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { RelayError } from '../../src/protocol/codes.ts';
import { RECEIPT_STATES } from '../../src/protocol/receipt.ts';
import { STANCES } from '../../src/protocol/stance.ts';
import type { Command } from '../../src/state/command.ts';
import { type EnvelopeRow, envelopesAfter } from '../../src/state/queries/envelopes.ts';
import { type HistoryFilter, history, maySeeRow } from '../../src/state/queries/history.ts';
import { countUnhanded, unhandedMatching } from '../../src/state/queries/inbox.ts';
import type { InMemory } from '../../src/state/store.ts';
import { atOnce, emptyDatabase, World } from './world.ts';

// Thousands of cases: how long they take says nothing.
vi.setConfig({ testTimeout: 120_000 });

const KEPT: readonly InMemory[] = [
  { tail: 0, stragglers: { least: 0, most: 2 } },
  { tail: 3, stragglers: { least: 1, most: 3 } },
  { tail: 8, stragglers: { least: 2, most: 64 } },
  { tail: 1_000, stragglers: { least: 0, most: 1 } },
  { tail: 5, stragglers: { least: 6, most: 2 } },
];
const NOTHING_KNOWN = { stragglers: { least: Number.MAX_SAFE_INTEGER, most: 0 } };

/** The owner's, and one of bert, with whom everything is held at first. */
const NAMES = ['A', 'B', 'C', 'D', 'X@bert'];
const MEET: readonly Command[] = [
  ...NAMES.slice(0, 4).map((name): Command => ({ type: 'enter', at: 1, name, about: {} })),
  {
    type: 'invite',
    at: 1,
    id: 'v',
    key: 'k',
    grants: [
      { may: 'read', what: 'all' },
      { may: 'read', what: '#r' },
    ],
    expires_at: 99_999,
  },
  {
    type: 'redeem',
    at: 2,
    invitation: 'v',
    device: { id: 'd', name: 'l', kind: 'key', proof: 'p' },
    person: 'bert',
  },
  { type: 'enter', at: 3, name: 'X@bert', person: 2, about: {} },
  { type: 'join', session: 2, room: '#r' },
];

/** A command as it comes as the n-th. */
type Plan = (n: number) => Command;

const session = fc.integer({ min: 2, max: 6 });
const position = fc.nat(50);
const positions = fc.array(position, { maxLength: 5 });
const id = fc.nat(60).map((n) => `m${n}`);
const room = fc.constantFrom('#r', '#s');
const to = fc.uniqueArray(fc.constantFrom('A', 'B', 'B', 'C', 'all', 'all', '#r', '#s', 'X@bert'), {
  minLength: 1,
  maxLength: 3,
});
const said = fc.record(
  {
    sender: session,
    to,
    thread: fc.constant('t'),
    reply_to: id,
    hold: fc.constant('copies' as const),
    expires_in: fc.nat(20),
  },
  { requiredKeys: ['sender', 'to'] },
);
const send = said.map(
  ({ expires_in, hold, ...more }): Plan =>
    (n) => ({
      ...{ type: 'send', at: 10 + n, id: `m${n}`, body: `b${n}`, priority: 'normal', hash: 'h', ...more },
      ...(expires_in === undefined || expires_in < 12 ? {} : { expires_at: 10 + n + expires_in }),
      ...(hold === undefined || n % 3 ? {} : { hold }),
    }),
);
const receipt = fc
  .record({ session, state: fc.constantFrom('handed', 'seen', 'seen', ...RECEIPT_STATES), positions })
  .map(
    (more): Plan =>
      (n) => ({ type: 'receipt', at: 10 + n, ...more }),
  );
const decide = fc
  .record({
    person: fc.constantFrom('owner', 'bert'),
    stance: fc.constantFrom('accept' as const, ...STANCES),
    of: fc.oneof(fc.constantFrom('A', 'B', 'X@bert', 'bert', 'owner'), id),
    always: fc.boolean(),
  })
  .map(
    (more): Plan =>
      (n) => ({ type: 'decide', at: 10 + n, ...more }),
  );
const rest = fc
  .oneof(
    fc.record({ type: fc.constantFrom('join' as const, 'join' as const, 'leave' as const), session, room }),
    fc.record({ type: fc.constant('rename' as const), session, to: fc.constantFrom('A', 'B', 'C', 'E', 'F') }),
    fc.record({ type: fc.constant('prune' as const), positions }),
    fc.record({ type: fc.constant('claim' as const), session, positions }),
  )
  .map(
    (command): Plan =>
      () =>
        command,
  );
const expire = fc.nat(40).map(
  (age): Plan =>
    (n) => ({ type: 'expire', at: 10 + n, ...(age % 2 ? { stored: n - age } : {}) }),
);
const plan: fc.Arbitrary<Plan> = fc.oneof(
  { weight: 9, arbitrary: send },
  { weight: 7, arbitrary: receipt },
  { weight: 5, arbitrary: rest },
  { weight: 2, arbitrary: decide },
  { weight: 1, arbitrary: expire },
);

interface Question {
  readonly who: number;
  readonly after: number;
  readonly before: number;
  readonly count: number;
  readonly ascending: boolean;
  readonly stretch: number;
  readonly from?: number;
  readonly thread?: string;
  readonly incoming?: boolean;
}
const question: fc.Arbitrary<Question> = fc.record(
  {
    who: session,
    after: fc.oneof(fc.constant(0), position),
    before: fc.oneof(fc.constant(Number.MAX_SAFE_INTEGER), position),
    count: fc.integer({ min: 1, max: 9 }),
    ascending: fc.boolean(),
    stretch: fc.integer({ min: 2, max: 7 }),
    from: session,
    thread: fc.constant('t'),
    incoming: fc.constant(true),
  },
  { requiredKeys: ['who', 'after', 'before', 'count', 'ascending', 'stretch'] },
);

/** It is done, by some after it was undone once, and then asked about. */
const step = fc.record({
  plan,
  questions: fc.array(question, { maxLength: 3 }),
  end: fc.constantFrom('commit', 'commit', 'go on', 'go on', 'go on', 'undo'),
});

function attempt(world: World, command: Command): string {
  try {
    return JSON.stringify(world.apply(command));
  } catch (error) {
    if (!(error instanceof RelayError)) throw error;
    return `${error.code}: ${error.message}`;
  }
}

const rowsOf = ({ store }: World) => envelopesAfter(store, 0);

/** By definition: what one follows, without what is done, and with what was released. */
function unhandedBy(world: World, who: number): EnvelopeRow[] {
  const { handed, released } = world.row(who);
  type Follow = { channel: number; since: number; until: number };
  const follows = world.store.all<Follow>('SELECT channel, since, until FROM follow WHERE session = ?', who);
  const receipts = world.store.all<{ position: number }>('SELECT position FROM receipt WHERE session = ?', who);
  const done = new Set(receipts.map((row) => row.position));
  return rowsOf(world).filter(({ position: at, channels, sender }) => {
    const isMail = follows.some(
      ({ channel, since, until }) =>
        channels.includes(channel) && since < at && until >= at && (channel === who || sender !== who),
    );
    return isMail && (released.has(at) || (at > handed && !done.has(at)));
  });
}

function askInbox(world: World, { who, after, count, from, thread }: Question): void {
  const [row, all] = [world.row(who), unhandedBy(world, who)];
  expect(countUnhanded(world.store, row)).toBe(all.length);
  const filter = { ...(from === undefined ? {} : { sender: from }), ...(thread === undefined ? {} : { thread }) };
  const fitting = all.filter(
    (each) => each.position > after && (from ?? each.sender) === each.sender && (thread ?? each.thread) === each.thread,
  );
  const expected = fitting.slice(0, count).map((each) => each.position);
  expect(unhandedMatching(world.store, row, after, count, filter)).toEqual(expected);
}

function askHistory(world: World, { who, from, thread, incoming, ...range }: Question): void {
  const filter: HistoryFilter = {
    ...(from === undefined ? {} : { with: from }),
    ...(thread === undefined ? {} : { thread }),
    ...(incoming === undefined ? {} : { incoming }),
  };
  const all = rowsOf(world).filter((each) => {
    const { position: at, sender, channels } = each;
    if (at <= range.after || at >= range.before || !maySeeRow(world.store, each, who)) return false;
    const isWith = from === undefined || sender === from || (sender === who && channels.includes(from));
    return isWith && (thread ?? each.thread) === each.thread && (!incoming || sender !== who || channels.includes(who));
  });
  const expected = range.ascending ? all.slice(0, range.count) : all.slice(-range.count);
  const { positions: found, more } = atOnce(history(world.store, who, filter, range));
  expect([found, more]).toEqual([expected.map((each) => each.position), all.length > range.count]);
}

function ask(world: World, questions: readonly Question[]): void {
  for (const each of questions) {
    askInbox(world, each);
    askHistory(world, each);
  }
}

describe('answers', () => {
  it.each(KEPT.map((kept) => [JSON.stringify(kept), kept]))('are what the tables say, with %s', (_, kept) => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 80, size: 'max' }), (steps) => {
        const [plain, world] = [new World(emptyDatabase(), NOTHING_KNOWN), new World(emptyDatabase(), kept)];
        for (const command of MEET) for (const each of [plain, world]) each.apply(command);
        steps.forEach((each, n) => {
          const command = each.plan(n);
          if (each.end === 'undo') {
            world.store.commit();
            world.store.database.exec('BEGIN');
            attempt(world, command);
            ask(world, each.questions);
            world.store.database.exec('ROLLBACK');
            world.store.forget();
          }
          expect(attempt(world, command)).toBe(attempt(plain, command));
          if (each.end === 'commit') world.store.commit();
          ask(world, each.questions);
        });
        expect(world.dump()).toBe(plain.dump());
      }),
      { numRuns: 10 },
    );
  });
});
