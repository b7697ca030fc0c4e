import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { RelayError } from '../../src/protocol/codes.ts';
import type { Command } from '../../src/state/command.ts';
import { countUnhanded, unhandedMatching } from '../../src/state/queries/inbox.ts';
import { recentSessions, type SessionRow } from '../../src/state/queries/sessions.ts';
import type { InMemory } from '../../src/state/store.ts';
import { anyHistory } from './any-command.ts';
import { emptyDatabase, World } from './world.ts';

// Thousands of cases: how long they take says nothing.
vi.setConfig({ testTimeout: 120_000 });

/** Applied as a journal does it: gathered rows of many commands are written together. */
function apply(world: World, command: Command): unknown {
  try {
    return world.apply(command);
  } catch (error) {
    if (error instanceof RelayError) return error.code;
    throw error;
  }
}

function counted(world: World, row: SessionRow): number {
  const count = countUnhanded(world.store, row);
  expect(count).toBe(unhandedMatching(world.store, row, 0, Number.MAX_SAFE_INTEGER, {}).length);
  return count;
}

/** All that is asked of an inbox. */
function inboxes(world: World): unknown {
  return recentSessions(world.store, 100).map((row) => [
    row,
    world.inbox(row.id),
    counted(world, row),
    unhandedMatching(world.store, row, 0, 3, { sender: 2 }),
    unhandedMatching(world.store, row, 1, 3, { thread: 't' }),
  ]);
}

/** From everything looked up, to everything known. */
const KEPT: readonly InMemory[] = [
  { tail: 0 },
  { tail: 1, stragglers: { least: 0, most: 1 } },
  { tail: 4, stragglers: { least: 1, most: 3 } },
  { tail: 1_000, stragglers: { least: 0, most: 64 } },
  { tail: 1_000 },
];

describe('the tail', () => {
  it('changes nothing, nor do stragglers: however much is in memory, the tables and the answers are the same', () => {
    fc.assert(
      fc.property(anyHistory, fc.array(fc.nat(3), { minLength: 1 }), (commands, asks) => {
        const worlds = KEPT.map((inMemory) => new World(emptyDatabase(), inMemory));
        commands.forEach((command, i) => {
          const results = worlds.map((world) => apply(world, command));
          for (const result of results) expect(result).toEqual(results[0]);
          if (asks[i % asks.length] !== 0) return;
          const answers = worlds.map(inboxes);
          for (const answer of answers) expect(answer).toEqual(answers[0]);
        });
        const dumps = worlds.map((world) => world.dump());
        for (const dump of dumps) expect(dump).toBe(dumps[0]);
      }),
      { numRuns: 150 },
    );
  });

  it('says after a rollback what the tables say', () => {
    fc.assert(
      fc.property(anyHistory, anyHistory, (kept, undone) => {
        const [world, other] = [new World(), new World()];
        for (const command of kept) for (const each of [world, other]) apply(each, command);
        world.store.commit();
        world.store.database.exec('BEGIN');
        for (const command of undone) apply(world, command);
        world.store.database.exec('ROLLBACK');
        world.store.forget();
        expect(inboxes(world)).toEqual(inboxes(other));
        for (const command of undone) expect(apply(world, command)).toEqual(apply(other, command));
        expect(world.dump()).toBe(other.dump());
      }),
      { numRuns: 60 },
    );
  });

  const filed = (world: World) => {
    world.store.commit();
    return world.store.all('SELECT DISTINCT position FROM route ORDER BY 1').length;
  };

  it('files the older half when it holds too many: under each channel, and under the sender', () => {
    const world = new World(emptyDatabase(), { tail: 4 });
    const [a, b] = [world.enter('A'), world.enter('B')];
    world.join(a, '#r');
    for (const to of ['B', ['B', '#r'], 'all', 'A', 'B', 'B']) world.send(a, to);
    world.store.commit();
    const rows = world.store.all('SELECT channel, position, sender FROM route ORDER BY position, channel');
    const row = (channel: number, position: number) => ({ channel, position, sender: a });
    const room = world.state.apply({ type: 'join', session: b, room: '#r' }) && 4;
    expect(rows).toEqual([row(-a, 1), row(b, 1), row(-a, 2), row(b, 2), row(room, 2), row(-a, 3), row(1, 3)]);
    expect([world.store.tail.start, world.store.tail.newest]).toEqual([3, 6]);
    expect(world.inbox(b)).toEqual([1, 2, 3, 5, 6]);
    expect(world.envelope(1).body).toBe('body 1');
  });

  it('files the older half when their bodies are too large', () => {
    const world = new World();
    const a = world.enter('A');
    const body = 'x'.repeat(1024 * 1024);
    for (let i = 0; i < 18; i++) world.sent(a, 'A', { body });
    expect(filed(world)).toBe(9);
    for (let i = 0; i < 7; i++) world.sent(a, 'A', { body });
    expect(filed(world)).toBe(9);
    world.sent(a, 'A', { body });
    expect(filed(world)).toBe(18);
  });

  it('lets go of what became of forgotten ones, however few there are at a time', () => {
    const world = new World(emptyDatabase(), { tail: 4 });
    const { tail } = world.store;
    const [a, b] = [world.enter('A'), world.enter('B')];
    for (let i = 1; i <= 50; i++) {
      const position = world.sent(a, 'B');
      world.report(b, 'seen', [position]);
      world.store.commit();
      world.apply({ type: 'prune', positions: [position] });
      world.store.commit();
      expect(tail.newest - tail.start).toBeLessThanOrEqual(4);
    }
    const kept = Array.from({ length: 50 }, (_, i) => i + 1).filter((position) => tail.receipt(position, b));
    expect(kept.length).toBeLessThanOrEqual(4);
    expect(world.receipts(1)).toEqual({ B: 'seen' });
    const { tail: after } = new World(world.store.database, { tail: 4 }).store;
    expect([after.newest, after.start]).toEqual([tail.newest, tail.start]);
  });

  it('files the older half when too much became of them', () => {
    const world = new World(emptyDatabase(), { tail: 4 });
    const { tail } = world.store;
    const a = world.enter('A');
    const names = Array.from({ length: 10 }, (_, i) => `B${i}`);
    const sessions = names.map((name) => world.enter(name));
    const sendAndSee = () => {
      const position = world.sent(a, names);
      for (const session of sessions) world.report(session, 'seen', [position]);
      world.store.commit();
    };
    for (let i = 0; i < 3; i++) sendAndSee();
    expect([tail.start, tail.newest]).toEqual([0, 3]);
    sendAndSee();
    expect([tail.start, tail.newest]).toEqual([2, 4]);
    sendAndSee();
    expect([tail.start, tail.newest]).toEqual([2, 5]);
  });

  it('files everything when told to, and then has nothing', () => {
    const world = new World();
    const a = world.enter('A');
    for (let i = 0; i < 3; i++) world.sent(a, 'A');
    world.store.settle();
    expect([filed(world), world.store.tail.start, world.store.tail.row(3)]).toEqual([3, 3, undefined]);
    expect(world.inbox(a)).toEqual([1, 2, 3]);
    world.store.settle();
    expect(world.sent(a, 'A')).toBe(4);
  });

  it('has after a crash what was not filed, with its receipts', () => {
    const database = emptyDatabase();
    const world = new World(database, { tail: 4 });
    const [a, b] = [world.enter('A'), world.enter('B')];
    for (let i = 0; i < 7; i++) world.sent(a, 'B');
    world.store.commit();
    world.report(b, 'handed', [2, 5, 6]);
    world.store.commit();
    const { tail } = new World(database).store;
    expect([tail.start, tail.newest, tail.sentTo(b), tail.sentTo(-a)]).toEqual([4, 7, [5, 6, 7], [5, 6, 7]]);
    expect([5, 6, 7].map((position) => tail.receipt(position, b)?.state)).toEqual(['handed', 'handed', undefined]);
    expect(tail.receipt(2, b)).toBeUndefined();
  });

  it('forgets when somebody writes by SQL', () => {
    const world = new World();
    const a = world.enter('A');
    const position = world.sent(a, 'A');
    world.store.run('UPDATE envelope SET body = ? WHERE position = ?', 'changed', position);
    world.store.run("UPDATE channel SET name = 'Z' WHERE id = ?", a);
    expect([world.envelope(position).body, world.row(a).name]).toEqual(['changed', 'Z']);
  });
});
