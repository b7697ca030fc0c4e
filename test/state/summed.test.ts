import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { Send } from '../../src/state/command.ts';
import { migrate, SCHEMA_VERSION, TABLES } from '../../src/state/schema.ts';
import { type Database, Store } from '../../src/state/store.ts';
import { alteredRow, SUMMED, type SummedTable } from '../../src/state/summed.ts';
import { anyHistory } from './any-command.ts';
import { emptyDatabase, World } from './world.ts';

vi.setConfig({ testTimeout: 120_000 });

/** As it is found by whoever opens the tables anew. */
const found = (database: Database) => alteredRow(new Store(database));

/** Something in every table. */
function busy(): World {
  const world = new World();
  const [a, b] = [world.enter('A', { about: { host: 'h', cwd: '/', program: 'p' } }), world.enter('B')];
  world.join(b, '#r');
  world.rename(a, 'A2');
  const device = { id: 'd1', name: 'laptop', kind: 'key', proof: 'p1' } as const;
  const grants = [{ may: 'read', what: '#r' } as const];
  world.apply({ type: 'invite', at: 1, id: 'v', key: 'k', grants, expires_at: 9_999 });
  world.apply({ type: 'redeem', at: 2, invitation: 'v', device, person: 'bert' });
  const hold: Partial<Send> = { hold: 'hops' };
  world.send(a, 'B', hold);
  world.send(a, 'B', { ...hold, id: 'released' });
  world.apply({ type: 'decide', at: 3, person: 'owner', stance: 'accept', of: 'released', always: false });
  world.apply({ type: 'claim', session: b, positions: [world.sent(a, '#r')] });
  world.store.settle();
  return world;
}

/** The row that comes last in its table: nothing else may be said to be altered. */
function lastOf(table: SummedTable): string {
  const key = TABLES[table] ?? '';
  const descending = key
    .split(', ')
    .map((column) => `${column} DESC`)
    .join(', ');
  return `(${key}) = (SELECT ${key} FROM ${table} ORDER BY ${descending} LIMIT 1)`;
}

const columns = SUMMED.flatMap((table) => {
  const database = emptyDatabase();
  migrate(database);
  const info = database.prepare(`PRAGMA table_info(${table})`).all() as { name: string; type: string }[];
  return info.map(({ name, type }) => [table, name, type] as const);
});

describe('a row of a table that is summed', () => {
  it('is what was written after whatever was done', () => {
    fc.assert(
      fc.property(anyHistory, (commands) => {
        const world = new World();
        world.play(commands);
        expect(found(world.store.database)).toBeUndefined();
      }),
      { numRuns: 300 },
    );
  });

  it('is there in every one of them, here', () => {
    const { store } = busy();
    for (const table of SUMMED) expect([table, store.all(`SELECT * FROM ${table}`).length > 0]).toEqual([table, true]);
    expect(found(store.database)).toBeUndefined();
  });

  it.each(columns)('is known to be altered: %s.%s', (table, column, type) => {
    const { database } = busy().store;
    const other = type === 'TEXT' ? `coalesce(${column}, '') || 'x'` : `coalesce(${column}, 0) - 1000000`;
    database.exec(
      `PRAGMA ignore_check_constraints = ON; BEGIN; UPDATE ${table} SET ${column} = ${other} WHERE ${lastOf(table)}`,
    );
    expect(found(database)).toBe(`a row of ${table} is not what was written`);
    database.exec('ROLLBACK');
    expect(found(database)).toBeUndefined();
  });

  it('is known to be altered when two of its columns have changed places, and when its sum is gone', () => {
    const { database } = busy().store;
    database.exec('BEGIN; UPDATE session SET host = cwd, cwd = host');
    expect(found(database)).toMatch(/session/);
    database.exec('ROLLBACK; UPDATE device SET sum = NULL');
    expect(found(database)).toMatch(/device/);
  });

  it.each(['handed = handed + 1', "claims = '{'", 'sum = sum + 1'])(
    'is not used when it is a session that was altered since: %s',
    (change) => {
      const { store } = busy();
      store.database.exec(`UPDATE session SET ${change} WHERE id = 2`);
      store.forget();
      expect(() => store.roster.session(2)).toThrow('a row of session is not what was written');
      expect(() => store.roster.sessionNamed('A2')).toThrow('a row of session is not what was written');
      expect(store.roster.session(3)?.name).toBe('B');
    },
  );

  it('stays what was written when text could not be stored as it came', () => {
    const world = new World();
    const session = world.enter('A', { about: { cwd: '/\ud800', host: 'a\0b' } });
    world.report(session, 'handed', [world.sent(session, 'A')]);
    world.store.commit();
    world.store.forget();
    expect(world.row(session).handed).toBe(1);
    expect(found(world.store.database)).toBeUndefined();
  });

  it('gets its sum by the migration, and is used as it was', () => {
    const world = busy();
    const { database } = world.store;
    const before = world.dump();
    for (const table of SUMMED) database.exec(`ALTER TABLE ${table} DROP COLUMN sum`);
    database.exec('PRAGMA user_version = 7');
    migrate(database);
    expect(database.prepare('PRAGMA user_version').get()).toEqual({ user_version: SCHEMA_VERSION });
    expect(found(database)).toBeUndefined();
    expect(new World(database).dump()).toBe(before);
  });
});
