import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { RelayError } from '../../src/protocol/codes.ts';
import type { Command } from '../../src/state/command.ts';
import { countUnhanded, unhandedMatching } from '../../src/state/queries/inbox.ts';
import { recentSessions } from '../../src/state/queries/sessions.ts';
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

/** All that is asked of an inbox. */
function inboxes(world: World): unknown {
  return recentSessions(world.store, 100).map((row) => [
    row,
    world.inbox(row.id),
    countUnhanded(world.store, row),
    unhandedMatching(world.store, row, 0, 3, { sender: 2 }),
    unhandedMatching(world.store, row, 1, 3, { thread: 't' }),
  ]);
}

describe('the tail', () => {
  it('changes nothing: as much of it as there is, the tables and the answers are the same', () => {
    fc.assert(
      fc.property(anyHistory, fc.array(fc.nat(3), { minLength: 1 }), (commands, asks) => {
        const worlds = [0, 1, 4, 1_000].map((tail) => new World(emptyDatabase(), { tail }));
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
        world.store.flush();
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

  it('lets the older half go when it holds too many, and not before they are written', () => {
    const world = new World(emptyDatabase(), { tail: 4 });
    const a = world.enter('A');
    world.store.flush();
    for (let i = 0; i < 6; i++) world.sent(a, 'A');
    expect(world.store.tail.has(1)).toBe(true);
    world.store.flush();
    expect([1, 2, 3, 4, 5, 6].filter((position) => world.store.tail.has(position))).toEqual([4, 5, 6]);
    expect([world.store.tail.reaches(2), world.store.tail.reaches(3)]).toEqual([false, true]);
    expect(world.inbox(a)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(world.envelope(1).body).toBe('body 1');
  });

  it('lets the older half go when their bodies are too large', () => {
    const world = new World();
    const a = world.enter('A');
    const body = 'x'.repeat(1024 * 1024);
    for (let i = 0; i < 18; i++) world.sent(a, 'A', { body });
    world.store.flush();
    expect(Array.from({ length: 18 }, (_, i) => world.store.tail.has(i + 1)).filter(Boolean)).toHaveLength(9);
  });

  it('starts empty, and has nothing of what was stored before', () => {
    const database = emptyDatabase();
    const world = new World(database);
    const a = world.enter('A');
    world.sent(a, 'A');
    world.store.flush();
    const again = new World(database);
    expect([again.store.tail.newest, again.store.tail.has(1), again.store.tail.reaches(0)]).toEqual([1, false, false]);
    expect(again.inbox(a)).toEqual([1]);
  });

  it('forgets when somebody writes by SQL', () => {
    const world = new World();
    const a = world.enter('A');
    const position = world.sent(a, 'A');
    world.store.run('UPDATE envelope SET body = ? WHERE position = ?', 'changed', position);
    world.store.run('UPDATE session SET pending = 7 WHERE id = ?', a);
    expect([world.envelope(position).body, world.row(a).pending]).toEqual(['changed', 7]);
  });
});
