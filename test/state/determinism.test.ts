import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { openMemoryJournal } from '../../src/journal/open.ts';
import { RelayError } from '../../src/protocol/codes.ts';
import type { Applied, Command } from '../../src/state/command.ts';
import { anyHistory } from './any-command.ts';
import { emptyDatabase, World } from './world.ts';

// Thousands of cases: how long they take says nothing.
vi.setConfig({ testTimeout: 120_000 });

/** What came of a command, in one comparable word. */
function attempt(world: World, command: Command): string {
  try {
    return JSON.stringify(world.apply(command) satisfies Applied);
  } catch (error) {
    if (!(error instanceof RelayError)) throw error;
    return `${error.code}: ${error.message}`;
  }
}

describe('the state', () => {
  it('is the same, and answers the same, for the same commands in the same order', () => {
    fc.assert(
      fc.property(anyHistory, (commands) => {
        const [one, two] = [new World(), new World()];
        for (const command of commands) expect(attempt(two, command)).toBe(attempt(one, command));
        expect(two.dump()).toBe(one.dump());
      }),
      { numRuns: 100 },
    );
  });

  it('is not changed by what it refuses', () => {
    fc.assert(
      fc.property(anyHistory, (commands) => {
        const world = new World();
        for (const command of commands) {
          const before = world.dump();
          world.told();
          const result = attempt(world, command);
          if (/^[a-z_]+: /.test(result)) expect([world.dump(), world.told()]).toEqual([before, []]);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('is the same when refused commands are left out of the replay', () => {
    fc.assert(
      fc.property(anyHistory, (commands) => {
        const [one, two] = [new World(), new World()];
        const kept = commands.filter((command) => !/^[a-z_]+: /.test(attempt(one, command)));
        for (const command of kept) attempt(two, command);
        expect(two.dump()).toBe(one.dump());
      }),
      { numRuns: 60 },
    );
  });

  it('is the same when every send is repeated', () => {
    fc.assert(
      fc.property(anyHistory, (commands) => {
        const [one, two] = [new World(), new World()];
        for (const command of commands) {
          const first = attempt(one, command);
          attempt(two, command);
          if (command.type !== 'send') continue;
          const again = attempt(two, { ...command, at: 5_000 });
          expect(again.startsWith('{')).toBe(first.startsWith('{'));
        }
        expect(two.dump()).toBe(one.dump());
      }),
      { numRuns: 60 },
    );
  });

  it('is the same whether each command has a transaction of its own or none has', async () => {
    await fc.assert(
      fc.asyncProperty(anyHistory, async (commands) => {
        const journal = await openMemoryJournal({ bytes: (count) => new Uint8Array(count), fraction: () => 0 });
        const world = new World();
        world.apply({ type: 'found', epoch: journal.state.epoch ?? '' });
        for (const command of commands) {
          attempt(world, command);
          await journal.submit(command).catch(() => undefined);
        }
        expect([...journal.state.dump()].join('\n')).toBe(world.dump());
        await journal.close();
      }),
      { numRuns: 30 },
    );
  });

  it('never leaves a counter below nothing, or a cursor past the head', () => {
    fc.assert(
      fc.property(anyHistory, (commands) => {
        const world = new World();
        for (const command of commands) attempt(world, command);
        const sql = 'SELECT * FROM session WHERE seen > handed OR handed > ?';
        expect(world.store.all(sql, world.state.position)).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });
});

describe('what is unread', () => {
  it.each([0, 3, 4_096])(
    'is the same counted as it comes and goes as counted anew, with %i positions in memory',
    (tail) => {
      fc.assert(
        fc.property(anyHistory, (commands) => {
          const world = new World(emptyDatabase(), { tail });
          for (const command of commands) {
            attempt(world, command);
            world.store.commit();
            const unread = () => world.sessions().map((session) => [...world.direct(session), world.count(session)]);
            const kept = unread();
            world.store.backlog.clear();
            expect(unread()).toEqual(kept);
          }
        }),
        { numRuns: 60 },
      );
    },
  );
});

describe('a dump', () => {
  it('names every table', () => {
    const world = new World();
    const sql = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name";
    const tables = world.store.all<{ name: string }>(sql).map((row) => row.name);
    const [a, b] = [world.enter('A'), world.enter('B')];
    world.sent(a, 'B', { expires_at: 99_999 });
    world.report(b, 'handed', [1]);
    world.apply({ type: 'remark', at: 5, session: b, positions: [1], reason: 'idle' });
    world.report(a, 'handed', [world.sent(b, 'A')]);
    world.apply({ type: 'prune', positions: [2] });
    world.rename(a, 'Z');
    const grants = [{ may: 'read', what: 'all' }] as const;
    world.apply({ type: 'invite', at: 1, id: 'v', key: 'k', grants, expires_at: 9 });
    const device = { id: 'd', name: 'laptop', kind: 'key', proof: 'p' } as const;
    world.apply({ type: 'redeem', at: 2, invitation: 'v', device, person: 'bert' });
    world.send(b, 'Z', { hold: 'copies' });
    world.apply({ type: 'decide', at: 6, person: 'owner', stance: 'hold', of: 'B', always: true });
    const dumped = new Set([...world.state.dump()].map((line) => line.split(' ')[0]));
    expect([...dumped].sort()).toEqual(tables);
  });

  it('tells two states apart that differ in one value', () => {
    const [one, two] = [new World(), new World()];
    const [a, b] = [one.enter('A'), two.enter('A')];
    expect(one.dump()).toBe(two.dump());
    one.send(a, 'A', { body: 'x' });
    two.send(b, 'A', { body: 'y' });
    expect(one.dump()).not.toBe(two.dump());
  });
});

describe('the epoch', () => {
  it('is not there before the first command, and is what it said after', () => {
    const world = new World(emptyDatabase());
    expect(world.state.epoch).toBe('e1');
    world.apply({ type: 'found', epoch: 'e2' });
    expect(world.state.epoch).toBe('e2');
  });
});
