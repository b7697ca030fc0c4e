import { describe, expect, it } from 'vitest';
import { isNewEnough, openDatabase } from '../../src/journal/driver.ts';

describe('the driver', () => {
  it.each<[string, boolean]>([
    ['3.51.3', true],
    ['3.51.4', true],
    ['3.51.10', true],
    ['3.52.0', true],
    ['3.52', true],
    ['3.100.0', true],
    ['4.0.0', true],
    ['4', true],
    ['3.51.2', false],
    ['3.51', false],
    ['3.51.0', false],
    ['3.50.9', false],
    ['3.9.9', false],
    ['3', false],
    ['2.99.99', false],
    ['', false],
    ['nonsense', false],
  ])('takes SQLite %s for new enough: %s', (version, expected) => {
    expect(isNewEnough(version)).toBe(expected);
  });

  it('opens a SQLite without the bug that corrupts the log, with full text and strict tables', async () => {
    const database = await openDatabase(':memory:');
    const { version } = database.prepare('SELECT sqlite_version() AS version').get() as { version: string };
    expect(isNewEnough(version)).toBe(true);
    database.exec(
      "CREATE TABLE t (a INTEGER) STRICT; CREATE VIRTUAL TABLE f USING fts5 (b, content = '', contentless_delete = 1)",
    );
    database.close();
  });

  it.each([Number.MAX_SAFE_INTEGER, 2 ** 31, -1, 0])('keeps the whole number %d', async (value) => {
    const database = await openDatabase(':memory:');
    expect(database.prepare('SELECT ? AS value').get(value)).toEqual({ value });
    database.close();
  });

  it('says the code of SQLite with what it throws', async () => {
    const database = await openDatabase(':memory:');
    database.exec('CREATE TABLE t (a UNIQUE); INSERT INTO t VALUES (1)');
    let thrown: unknown;
    try {
      database.exec('INSERT INTO t VALUES (1)');
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ errcode: 2067 });
    database.close();
  });
});
