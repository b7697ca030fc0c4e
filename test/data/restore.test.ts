import { copyFileSync, existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { copyData } from '../../src/data/copy.ts';
import { restoreData } from '../../src/data/restore.ts';
import { verifyData } from '../../src/data/verify.ts';
import { openDatabase } from '../../src/journal/driver.ts';
import { systemRandom } from '../../src/util/random.ts';
import { tempDir } from '../support/temp-dir.ts';
import { closed, someData } from './kit.ts';

/** Data with three messages, a copy of them, and two more since. */
async function copied() {
  const data = await someData(3);
  const copy = join(tempDir(), 'copy.sqlite');
  await copyData(data.path, copy);
  await data.send('since');
  await data.send('since');
  const { epoch } = data.journal.state;
  await closed(data);
  return { ...data, copy, epoch };
}

describe('a restore', () => {
  it('puts the copy in the place of the data, keeps those beside, and begins a new epoch', async () => {
    const { dir, path, copy, epoch } = await copied();
    const { verified, aside } = await restoreData(dir, copy, systemRandom);
    expect(verified).toMatchObject({ ok: true, position: 3, envelopes: 3 });
    expect(verified.epoch).not.toBe(epoch);
    expect(aside).toBe(join(dir, 'replaced-1.sqlite'));
    expect(await verifyData(path)).toMatchObject({ position: 3, epoch: verified.epoch });
    expect(await verifyData(aside ?? '')).toMatchObject({ position: 5, epoch });
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('leaves the copy as it is, to be used again', async () => {
    const { dir, copy } = await copied();
    const before = statSync(copy);
    await restoreData(dir, copy, systemRandom);
    const again = await restoreData(dir, copy, systemRandom);
    expect(again.aside).toBe(join(dir, 'replaced-2.sqlite'));
    expect([statSync(copy).size, statSync(copy).mtimeMs]).toEqual([before.size, before.mtimeMs]);
    expect(existsSync(`${copy}-wal`)).toBe(false);
  });

  it('makes data where there were none', async () => {
    const { copy } = await copied();
    const dir = join(tempDir(), 'new');
    const { aside } = await restoreData(dir, copy, systemRandom);
    expect([aside, readdirSync(dir)]).toEqual([undefined, ['relay.sqlite']]);
    expect(statSync(dir).mode & 0o777).toBe(0o700);
  });

  it('goes on after the present data, whose log was not emptied', async () => {
    const { dir, path, copy } = await copied();
    // As a relay that was killed leaves it.
    writeFileSync(`${path}-wal`, 'the log of the old data');
    const { aside } = await restoreData(dir, copy, systemRandom);
    expect(readdirSync(dir).filter((name) => name.endsWith('-wal'))).toEqual([`replaced-1.sqlite-wal`]);
    expect([existsSync(aside ?? ''), (await verifyData(path)).position]).toEqual([true, 3]);
  });

  it.each([
    ['what is no database', (path: string) => writeFileSync(path, 'hello'.repeat(2_000))],
    ['an empty file', (path: string) => writeFileSync(path, '')],
    [
      'a database of something else',
      async (path: string) => {
        const database = await openDatabase(path);
        database.exec('CREATE TABLE t (x)');
        database.close();
      },
    ],
    [
      'data that do not fit together',
      async (path: string, copy: string) => {
        copyFileSync(copy, path);
        const database = await openDatabase(path);
        database.exec('DELETE FROM envelope WHERE position = 2');
        database.close();
      },
    ],
    [
      'data of a later version',
      async (path: string, copy: string) => {
        copyFileSync(copy, path);
        const database = await openDatabase(path);
        database.exec('PRAGMA user_version = 99');
        database.close();
      },
    ],
  ])('refuses %s, and changes nothing', async (_, make) => {
    const { dir, path, copy, epoch } = await copied();
    const bad = join(tempDir(), 'bad.sqlite');
    await make(bad, copy);
    await expect(restoreData(dir, bad, systemRandom)).rejects.toThrow(/cannot be restored: /);
    expect(readdirSync(dir).filter((name) => !/^relay\.sqlite/.test(name))).toEqual([]);
    expect(await verifyData(path)).toMatchObject({ position: 5, epoch });
  });

  it('refuses a file that is not there', async () => {
    const { dir } = await copied();
    await expect(restoreData(dir, '/nowhere/x.sqlite', systemRandom)).rejects.toThrow('There is no file');
  });

  it('takes single messages that were damaged along, and says so', async () => {
    const { dir, copy } = await copied();
    const database = await openDatabase(copy);
    database.exec("UPDATE envelope SET body = 'other' WHERE position = 2");
    database.close();
    const { verified } = await restoreData(dir, copy, systemRandom);
    expect(verified.damaged).toEqual([{ position: 2, id: 'm2' }]);
  });
});
