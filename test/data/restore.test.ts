import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { copyData } from '../../src/data/copy.ts';
import { restoreData } from '../../src/data/restore.ts';
import { verifyData } from '../../src/data/verify.ts';
import { adoptRestored, whereAside } from '../../src/journal/adopt.ts';
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

/** The same, but for the end of the relay: its log is not in the tables. */
async function killed() {
  const { copy } = await copied();
  const relay = await someData(5);
  const dir = join(tempDir(), 'data');
  mkdirSync(dir, { mode: 0o700 });
  for (const end of ['', '-wal']) copyFileSync(`${relay.path}${end}`, join(dir, `relay.sqlite${end}`));
  expect(statSync(join(dir, 'relay.sqlite-wal')).size).toBeGreaterThan(32);
  return { dir, path: join(dir, 'relay.sqlite'), copy };
}

const messagesIn = async (path: string) => (await verifyData(path)).envelopes;

async function setVersion(path: string, version: number): Promise<void> {
  const database = await openDatabase(path);
  database.exec(`PRAGMA user_version = ${version}`);
  database.close();
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

  it('puts aside one file, into which the log went that a killed relay had left', async () => {
    const { dir, path, copy } = await killed();
    const { aside = '' } = await restoreData(dir, copy, systemRandom);
    expect(readdirSync(dir).filter((name) => /-(wal|shm)$/.test(name))).toEqual([]);
    expect([await messagesIn(aside), await messagesIn(path)]).toEqual([5, 3]);
  });

  it('keeps a log that was damaged beside the data put aside, and is finished all the same', async () => {
    const { dir, path, copy } = await copied();
    writeFileSync(`${path}-wal`, 'not the log of the old data, but longer than its header');
    const { aside = '' } = await restoreData(dir, copy, systemRandom);
    expect([existsSync(`${aside}-wal`), whereAside(aside)]).toEqual([true, `${aside} and ${aside}-wal`]);
    expect(await messagesIn(path)).toBe(3);
  });

  it('takes the log beside its source along, and leaves both as they are', async () => {
    const { path } = await killed();
    const { dir } = await copied();
    const before = [readFileSync(path), readFileSync(`${path}-wal`)];
    expect((await restoreData(dir, path, systemRandom)).verified).toMatchObject({ ok: true, envelopes: 5 });
    expect([readFileSync(path), readFileSync(`${path}-wal`)]).toEqual(before);
    expect(await messagesIn(join(dir, 'relay.sqlite'))).toBe(5);
  });

  it('refuses a source whose log was damaged, and changes nothing', async () => {
    const { path } = await killed();
    const { dir } = await copied();
    writeFileSync(`${path}-wal`, Buffer.alloc(5_000, 1));
    await expect(restoreData(dir, path, systemRandom)).rejects.toMatchObject({ kind: 'damaged' });
    expect(await messagesIn(join(dir, 'relay.sqlite'))).toBe(5);
  });

  it('makes the data private, whoever may read the copy', async () => {
    const { dir, path, copy } = await copied();
    chmodSync(copy, 0o644);
    await restoreData(dir, copy, systemRandom);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('leaves a copy of the data alone that is called as its own, and is not done over it', async () => {
    const { dir, path, copy } = await copied();
    await restoreData(dir, copy, systemRandom);
    const mine = join(dir, 'restored.sqlite');
    await copyData(path, mine);
    expect(await adoptRestored(dir)).toBeUndefined();
    await expect(restoreData(dir, copy, systemRandom)).rejects.toThrow('was made by no restore');
    expect(existsSync(mine)).toBe(true);
  });

  it('says what to do about data of a later version, and what is a directory', async () => {
    const { dir, copy } = await copied();
    await setVersion(copy, 99);
    await expect(restoreData(dir, copy, systemRandom)).rejects.toMatchObject({
      message: expect.stringContaining('cannot be restored: it was written by a later version.'),
      remedy: 'Update claude-relay first.',
    });
    await expect(restoreData(dir, dir, systemRandom)).rejects.toThrow('is a directory');
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
      'data of a version before the first',
      async (path: string, copy: string) => {
        copyFileSync(copy, path);
        await setVersion(path, -3);
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
