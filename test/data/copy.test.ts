import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { copyData } from '../../src/data/copy.ts';
import { reading } from '../../src/data/reading.ts';
import { tempDir } from '../support/temp-dir.ts';
import { someData } from './kit.ts';

const bodies = (path: string) =>
  reading(path, (store) =>
    store.all<{ body: string }>('SELECT body FROM envelope ORDER BY position').map((row) => row.body),
  );

describe('a copy', () => {
  it('is one private file with everything that was there, made while the relay goes on', async () => {
    const data = await someData(50);
    const dir = tempDir();
    const to = join(dir, 'copy.sqlite');
    const [copied] = await Promise.all([copyData(data.path, to), data.send('meanwhile')]);
    expect(copied).toBeUndefined();
    await data.send('after');
    expect((await bodies(to)).slice(0, 50)).toEqual(Array.from({ length: 50 }, (_, i) => `body ${i + 1}`));
    expect(await bodies(to)).not.toContain('after');
    expect([readdirSync(dir), statSync(to).mode & 0o777]).toEqual([['copy.sqlite'], 0o600]);
  });

  it('leaves out what was forgotten', async () => {
    const data = await someData();
    const position = await data.send('x'.repeat(200_000));
    await data.journal.submit({ type: 'receipt', at: 5, session: 3, state: 'handed', positions: [position] });
    await data.journal.submit({ type: 'prune', positions: [position] });
    const to = join(tempDir(), 'copy.sqlite');
    await copyData(data.path, to);
    expect(statSync(to).size).toBeLessThan(150_000);
  });

  it('is not written over something', async () => {
    const data = await someData(1);
    const to = join(tempDir(), 'there.sqlite');
    writeFileSync(to, 'mine');
    await expect(copyData(data.path, to)).rejects.toThrow(`${to} is there already.`);
    expect(statSync(to).size).toBe(4);
  });

  it('that cannot be made leaves nothing behind', async () => {
    const dir = tempDir();
    writeFileSync(join(dir, 'no.sqlite'), 'this is no database, and is long enough to be looked at as one'.repeat(20));
    await expect(copyData(join(dir, 'no.sqlite'), join(dir, 'copy.sqlite'))).rejects.toThrow();
    expect(readdirSync(dir)).toEqual(['no.sqlite']);
  });
});

describe('reading', () => {
  it('sees one moment, whatever is written meanwhile', async () => {
    const data = await someData(3);
    await reading(data.path, (store) => {
      const count = () => store.get<{ n: number }>('SELECT count(*) AS n FROM envelope')?.n;
      expect(count()).toBe(3);
      data.journal.state.store.database.exec('DELETE FROM envelope WHERE position = 3');
      expect(count()).toBe(3);
    });
    expect(data.journal.state.store.get('SELECT count(*) AS n FROM envelope')).toEqual({ n: 2 });
  });

  it('changes nothing', async () => {
    const data = await someData(1);
    await expect(reading(data.path, (store) => store.run('DELETE FROM envelope'))).rejects.toThrow(/readonly/);
  });

  it('does not hold up the log of the one who writes', async () => {
    const data = await someData(1);
    await reading(data.path, () => undefined);
    await data.send('later');
    const row = data.journal.state.store.get<{ busy: number }>('PRAGMA wal_checkpoint(TRUNCATE)');
    expect(row).toMatchObject({ busy: 0 });
  });

  it.each([
    [0, /holds no data of a relay/],
    [1, /by an earlier version/],
    [99, /by a later version/],
  ])('refuses data of version %i', async (version, says) => {
    const data = await someData(1);
    await data.journal.close();
    const { openDatabase } = await import('../../src/journal/driver.ts');
    const database = await openDatabase(data.path);
    database.exec(`PRAGMA user_version = ${version}`);
    database.close();
    await expect(reading(data.path, () => undefined)).rejects.toThrow(says);
  });

  it('makes no file where there is none', async () => {
    const dir = tempDir();
    await expect(reading(join(dir, 'none.sqlite'), () => undefined)).rejects.toThrow('There is no file');
    expect(readdirSync(dir)).toEqual([]);
  });
});
