import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { restoreData } from '../../src/data/restore.ts';
import { openDatabase } from '../../src/journal/driver.ts';
import { openJournal, openMemoryJournal } from '../../src/journal/open.ts';
import type { Send } from '../../src/state/command.ts';
import { sessionById } from '../../src/state/queries/sessions.ts';
import { SCHEMA_VERSION } from '../../src/state/schema.ts';
import type { Database } from '../../src/state/store.ts';
import { SUMMED } from '../../src/state/summed.ts';
import { systemRandom } from '../../src/util/random.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { tempDir } from '../support/temp-dir.ts';

const send = (id: string, body = id): Send => ({
  type: 'send',
  at: 1,
  id,
  sender: 2,
  to: ['A'],
  body,
  priority: 'normal',
  hash: id,
});
const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** A closed journal with a session and some envelopes; answers its directory and its tables. */
async function written(count = 3): Promise<{ dir: string; dump: string[] }> {
  const dir = join(tempDir(), 'a', 'data');
  const journal = await openJournal({ dir });
  await journal.submit({ type: 'enter', at: 1, name: 'A', about: {} });
  await Promise.all(Array.from({ length: count }, (_, i) => journal.submit(send(`m${i}`, 'x'.repeat(3_000)))));
  const dump = [...journal.state.dump()];
  await journal.close();
  return { dir, dump };
}

describe('opening', () => {
  it('makes the directory 0700 and every file in it 0600, whatever the umask', async () => {
    const dir = join(tempDir(), 'a', 'data');
    const umask = process.umask(0);
    try {
      const journal = await openJournal({ dir });
      await journal.submit({ type: 'enter', at: 1, name: 'A', about: {} });
      const modes = readdirSync(dir).map((name) => [name, statSync(join(dir, name)).mode & 0o777]);
      expect(modes.map(([name]) => name).sort()).toEqual(['relay.sqlite', 'relay.sqlite-shm', 'relay.sqlite-wal']);
      expect(modes.filter(([, mode]) => mode !== 0o600)).toEqual([]);
      expect([statSync(dir).mode & 0o777, statSync(join(dir, '..')).mode & 0o777]).toEqual([0o700, 0o700]);
      await journal.close();
    } finally {
      process.umask(umask);
    }
  });

  it('refuses a file that is open to others, and says how to close it', async () => {
    const { dir } = await written();
    chmodSync(join(dir, 'relay.sqlite'), 0o644);
    await expect(openJournal({ dir })).rejects.toMatchObject({ remedy: expect.stringMatching(/^chmod 600 /) });
    chmodSync(join(dir, 'relay.sqlite'), 0o600);
    await (await openJournal({ dir })).close();
  });

  it('refuses a directory that is open to others, and says how to close it', async () => {
    const dir = join(tempDir(), 'data');
    mkdirSync(dir);
    chmodSync(dir, 0o755);
    await expect(openJournal({ dir })).rejects.toMatchObject({ remedy: expect.stringMatching(/^chmod 700 /) });
  });

  it('finds everything again that was there, with its epoch', async () => {
    const { dir, dump } = await written();
    for (let i = 0; i < 3; i++) {
      const journal = await openJournal({ dir });
      expect([...journal.state.dump()]).toEqual(dump);
      await journal.close();
    }
  });

  it('leaves a file behind, when it was closed, that is whole without its log', async () => {
    const { dir, dump } = await written();
    const journal = await openJournal({ dir: copied(dir) });
    expect([...journal.state.dump()]).toEqual(dump);
    await journal.close();
  });

  it('gives each new history an epoch of its own', async () => {
    const epochs = new Set<string | undefined>();
    for (let i = 0; i < 5; i++) {
      const journal = await openMemoryJournal();
      epochs.add(journal.state.epoch);
      await journal.close();
    }
    expect(epochs.size).toBe(5);
  });

  it('takes an empty file for a new history', async () => {
    const dir = tempDir();
    writeFileSync(join(dir, 'relay.sqlite'), '', { mode: 0o600 });
    const journal = await openJournal({ dir });
    expect(journal.state.position).toBe(0);
    await journal.close();
  });

  it('refuses data of a later version in one sentence, and does not touch it', async () => {
    const { dir } = await written();
    const database = await openDatabase(join(dir, 'relay.sqlite'));
    database.exec(`PRAGMA user_version = ${SCHEMA_VERSION + 7}`);
    database.close();
    const before = readFileSync(join(dir, 'relay.sqlite'));
    const message = messageOf(await openJournal({ dir }).catch((error: unknown) => error));
    expect(message).toBe(
      `The data was written by a later version (schema ${SCHEMA_VERSION + 7}, known here: ${SCHEMA_VERSION}); start that version.`,
    );
    expect(readFileSync(join(dir, 'relay.sqlite')).equals(before)).toBe(true);
  });

  it.each<[string, (path: string, size: number) => void]>([
    ['is no database', (path) => writeFileSync(path, 'this is not a database, by any means. '.repeat(300))],
    ['was cut in the middle', (path, size) => truncateSync(path, Math.floor(size / 2 / 4096) * 4096)],
    ['has pages of nothing', (path, size) => damage(path, 4096, size - 4096, 0)],
    ['has pages of noise', (path, size) => damage(path, 4096, size - 4096, 0xa5)],
  ])('refuses a file that %s, in one sentence that says what to do', async (_, spoil) => {
    const dir = copied((await written(40)).dir);
    const path = join(dir, 'relay.sqlite');
    spoil(path, statSync(path).size);
    const message = messageOf(await openJournal({ dir }).catch((error: unknown) => error));
    expect(message).toMatch(/^The relay's data are damaged \([^\n]+\)\.$/);
  });

  it('refuses data that have a message where it was not filed', async () => {
    const { dir } = await written(40);
    const database = await openDatabase(join(dir, 'relay.sqlite'));
    database.exec('UPDATE route SET position = 90 WHERE position = 40');
    database.close();
    const message = messageOf(await openJournal({ dir }).catch((error: unknown) => error));
    expect(message).toBe("The relay's data are damaged (message 90 is not where it was filed).");
  });

  it('refuses data of which any column of a session was altered', async () => {
    const { dir } = await written();
    const info = await onDisk(copied(dir), (database) => database.prepare('PRAGMA table_info(session)').all());
    for (const { name, type } of info as { name: string; type: string }[]) {
      const altered = copied(dir);
      const other = type === 'TEXT' ? `coalesce(${name}, '') || 'x'` : `coalesce(${name}, 0) + 1`;
      await onDisk(altered, (database) =>
        database.exec(`PRAGMA foreign_keys = OFF; UPDATE session SET ${name} = ${other}`),
      );
      const error = await openJournal({ dir: altered }).catch((reason: unknown) => reason);
      expect([name, error]).toMatchObject([name, { kind: 'damaged' }]);
      expect(messageOf(error)).toBe("The relay's data are damaged (a row of session is not what was written).");
    }
  });

  it('refuses a number that nobody could have written', async () => {
    const { dir } = await written();
    await onDisk(dir, (database) => database.exec('UPDATE session SET handed = 9223372036854775807'));
    await expect(openJournal({ dir })).rejects.toMatchObject({ kind: 'damaged' });
  });

  it('sums the rows of data that have no sums yet, and loses nothing', async () => {
    const { dir, dump } = await written();
    await onDisk(dir, (database) => {
      for (const table of SUMMED) database.exec(`ALTER TABLE ${table} DROP COLUMN sum`);
      database.exec('PRAGMA user_version = 7');
    });
    for (let i = 0; i < 2; i++) {
      const journal = await openJournal({ dir });
      expect([...journal.state.dump()]).toEqual(dump);
      await journal.close();
    }
  });

  it('gives nothing out by a session that is altered while it is open', async () => {
    const { dir } = await written();
    const clock = new FakeClock();
    const journal = await openJournal({ dir, clock });
    const { store } = journal.state;
    await onDisk(dir, (database) => database.exec('UPDATE session SET handed = handed + 1'));
    store.forget();
    expect(() => sessionById(store, 2)).toThrow(expect.objectContaining({ code: 'storage_failed' }));
    await expect(journal.submit({ type: 'depart', at: 2, session: 2 })).rejects.toMatchObject({
      code: 'storage_failed',
    });
    clock.advance(60_000);
    expect(journal.ready).toBe(false);
    await onDisk(dir, (database) => database.exec('UPDATE session SET handed = handed - 1'));
    clock.advance(60_000);
    expect(journal.ready).toBe(true);
    expect(sessionById(store, 2)?.handed).toBe(0);
    await journal.close();
  });

  it('leaves nothing in the file of the words that were forgotten', async () => {
    const dir = tempDir();
    const journal = await openJournal({ dir });
    await journal.submit({ type: 'enter', at: 1, name: 'A', about: {} });
    for (const id of ['m1', 'm2', 'm3']) await journal.submit(send(id, `words of ${id} ${'x'.repeat(9_000)}`));
    await journal.submit({ type: 'receipt', at: 1, session: 2, state: 'seen', positions: [1, 2, 3] });
    await journal.submit({ type: 'prune', positions: [1, 2] });
    await journal.close();
    const left = readFileSync(join(dir, 'relay.sqlite'), 'latin1').match(/words of m\d/g);
    expect(left).toEqual(['words of m3']);
  });

  it('finishes a restore that was interrupted, says so, and says what it leaves alone', async () => {
    const { dir, dump } = await written();
    const restored = join(tempDir(), 'data');
    await restoreData(restored, join(dir, 'relay.sqlite'), systemRandom);
    copyFileSync(join(restored, 'relay.sqlite'), join(dir, 'restored.sqlite'));
    const onTrouble = vi.fn();
    const journal = await openJournal({ dir, onTrouble });
    expect([...journal.state.dump()].filter((row) => !row.startsWith('meta'))).toEqual(
      dump.filter((row) => !row.startsWith('meta')),
    );
    await journal.close();
    expect(onTrouble).toHaveBeenLastCalledWith(expect.stringContaining(`is in ${join(dir, 'replaced-1.sqlite')}`));
    copyFileSync(join(restored, 'relay.sqlite'), join(dir, 'restored.sqlite'));
    await (await openJournal({ dir, onTrouble })).close();
    expect(onTrouble).toHaveBeenLastCalledWith(expect.stringContaining('is left alone'));
  });

  it('leaves the check of large data to whoever offers it, and only that of messages', async () => {
    const dir = join(tempDir(), 'data');
    const checkLater = vi.fn();
    const journal = await openJournal({ dir, checkLater });
    await journal.submit({ type: 'enter', at: 1, name: 'A', about: {} });
    await Promise.all(Array.from({ length: 90 }, (_, i) => journal.submit(send(`m${i}`, 'x'.repeat(200_000)))));
    await journal.close();
    expect(checkLater).not.toHaveBeenCalled();
    await (await openJournal({ dir, checkLater })).close();
    expect(checkLater).toHaveBeenCalledTimes(1);
    await onDisk(dir, (database) => database.exec('UPDATE session SET handed = handed + 1'));
    await expect(openJournal({ dir, checkLater })).rejects.toThrow('a row of session is not what was written');
    await onDisk(dir, (database) => database.exec('UPDATE session SET handed = handed - 1'));
    expect(checkLater).toHaveBeenCalledTimes(1);
    const path = join(dir, 'relay.sqlite');
    damage(path, 1_000_000, statSync(path).size - 1_000_000, 0xa5);
    await expect(openJournal({ dir })).rejects.toMatchObject({ kind: 'damaged' });
    await (await openJournal({ dir, checkLater })).close();
    expect(checkLater).toHaveBeenCalledTimes(2);
  });

  it('refuses a directory that is a file', async () => {
    const dir = join(tempDir(), 'data');
    writeFileSync(dir, '');
    await expect(openJournal({ dir })).rejects.toThrow(/EEXIST|ENOTDIR/);
  });

  it('works in a directory that is there', async () => {
    const dir = join(tempDir(), 'data with spaces ☃');
    mkdirSync(dir, { mode: 0o700 });
    const journal = await openJournal({ dir });
    expect(journal.ready).toBe(true);
    await journal.close();
  });
});

async function onDisk<T>(dir: string, work: (database: Database) => T): Promise<T> {
  const database = await openDatabase(join(dir, 'relay.sqlite'));
  try {
    return work(database);
  } finally {
    database.close();
  }
}

/** Another directory with nothing but a copy of the database file. */
function copied(dir: string): string {
  const copy = tempDir();
  copyFileSync(join(dir, 'relay.sqlite'), join(copy, 'relay.sqlite'));
  return copy;
}

function damage(path: string, from: number, length: number, byte: number): void {
  const bytes = readFileSync(path);
  bytes.fill(byte, from, from + length);
  writeFileSync(path, bytes);
}
