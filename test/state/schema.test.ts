import { describe, expect, it } from 'vitest';
import { ALL_CHANNEL, checkTables, migrate, SCHEMA_VERSION, TABLES } from '../../src/state/schema.ts';
import { State } from '../../src/state/state.ts';
import { Store } from '../../src/state/store.ts';
import { emptyDatabase, World } from './world.ts';

describe('migrate', () => {
  it('brings an empty file to the newest version', () => {
    const database = emptyDatabase();
    migrate(database);
    expect(database.prepare('PRAGMA user_version').get()).toEqual({ user_version: SCHEMA_VERSION });
    for (const table of Object.keys(TABLES)) expect(database.prepare(`SELECT * FROM ${table}`).all()).toBeDefined();
  });

  it('leaves a file of the newest version as it is', () => {
    const database = emptyDatabase();
    const world = new World(database);
    world.send(world.enter('A'), 'A');
    const before = world.dump();
    migrate(database);
    expect([...new State(database).dump()].join('\n')).toBe(before);
  });

  it('refuses a file of a later version in one sentence that says what to do, and leaves it alone', () => {
    const database = emptyDatabase();
    database.exec(`PRAGMA user_version = ${SCHEMA_VERSION + 1}`);
    expect(() => new State(database)).toThrow(
      `The data was written by a later version (schema ${SCHEMA_VERSION + 1}, known here: ${SCHEMA_VERSION}); start that version.`,
    );
    expect(database.prepare('SELECT * FROM sqlite_schema').all()).toEqual([]);
  });

  it('makes the channel of everybody, which no session and no room can have', () => {
    const { store } = new World();
    expect(store.get('SELECT * FROM channel WHERE id = ?', ALL_CHANNEL)).toMatchObject({
      id: 1,
      kind: 'all',
      name: 'all',
    });
    expect(() => store.run("INSERT INTO channel (kind, name) VALUES ('session', 'all')")).toThrow(/UNIQUE/);
  });

  it.each([
    ['two envelopes of one id', "INSERT INTO known (id, position) VALUES ('x', 1)"],
    ['two channels of one name', "INSERT INTO channel (kind, name) VALUES ('room', '#x')"],
    ['two receipts of one recipient', "INSERT INTO receipt (position, session, state) VALUES (1, 2, 'handed')"],
    ['two remarks of one recipient', "INSERT INTO remark (position, session, at, reason) VALUES (1, 2, 3, 'x')"],
    ['one envelope twice in a channel', 'INSERT INTO route (channel, position, sender) VALUES (1, 1, 2)'],
  ])('makes tables that cannot hold %s', (_, sql) => {
    const { store } = new World();
    store.run(sql);
    expect(() => store.run(sql)).toThrow(/UNIQUE constraint/);
  });

  it('makes tables that are strict about types', () => {
    const { store } = new World();
    expect(() => store.run("INSERT INTO route (channel, position, sender) VALUES ('one', 1, 1)")).toThrow(
      /cannot store/,
    );
  });
});

describe('checkTables', () => {
  it('finds the tables that were just made', () => {
    expect(() => checkTables(new World().store.database)).not.toThrow();
  });

  it('asks for every column that there is', () => {
    const { store } = new World();
    const asked: string[] = [];
    const prepare = (sql: string) => {
      asked.push(sql);
      return store.database.prepare(sql);
    };
    checkTables({ ...store.database, prepare });
    for (const table of Object.keys(TABLES)) {
      const columns = store.all<{ name: string }>(`PRAGMA table_info(${table})`).map(({ name }) => name);
      expect(asked).toContain(`SELECT ${columns.join(', ')} FROM ${table}`);
    }
  });

  it('misses a column, and a table', () => {
    for (const sql of ['ALTER TABLE envelope RENAME COLUMN body TO bodz', 'DROP TABLE alias']) {
      const { store } = new World();
      store.database.exec(sql);
      expect(() => checkTables(store.database)).toThrow(/no such/);
    }
  });
});

describe('the store', () => {
  it('prepares a statement once', () => {
    const database = emptyDatabase();
    let prepared = 0;
    const counting = {
      exec: (sql: string) => database.exec(sql),
      close: () => database.close(),
      prepare: (sql: string) => {
        prepared += 1;
        return database.prepare(sql);
      },
    };
    const store = new Store(counting);
    for (let i = 0; i < 5; i++) expect(store.get<{ n: number }>('SELECT ? AS n', i)).toEqual({ n: i });
    expect([prepared, store.all('SELECT ? AS n', 1), prepared]).toEqual([1, [{ n: 1 }], 1]);
    expect(store.get('SELECT 1 WHERE 0')).toBeUndefined();
  });

  it('prepares no more statements however long the relay runs', () => {
    const database = emptyDatabase();
    const prepared = new Set<string>();
    let count = 0;
    const counting = {
      exec: (sql: string) => database.exec(sql),
      close: () => database.close(),
      prepare: (sql: string) => {
        prepared.add(sql);
        count += 1;
        return database.prepare(sql);
      },
    };
    const world = new World(counting);
    const [a, b] = [world.enter('A'), world.enter('B')];
    const round = (i: number) => {
      world.join(a, `#r${i}`);
      const positions = [world.sent(b, ['A', `#r${i}`]), world.sent(b, 'all', { expires_at: i })];
      world.report(a, 'handed', positions);
      world.report(a, 'seen', positions);
      world.history(a, { thread: `t${i}` });
      world.apply({ type: 'expire', at: i });
      world.leave(a, `#r${i}`);
    };
    round(0);
    const after = [count, prepared.size];
    for (let i = 1; i < 30; i++) round(i);
    expect([count, prepared.size]).toEqual(after);
  });
});
