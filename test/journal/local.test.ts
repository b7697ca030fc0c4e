import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { RIDE_ALONG } from '../../src/journal/journal.ts';
import { LocalJournal } from '../../src/journal/local.ts';
import { openJournal, openMemoryJournal } from '../../src/journal/open.ts';
import { RelayError } from '../../src/protocol/codes.ts';
import type { Send } from '../../src/state/command.ts';
import { State } from '../../src/state/state.ts';
import type { Database } from '../../src/state/store.ts';
import { anyHistory } from '../state/any-command.ts';
import { emptyDatabase } from '../state/world.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { temporary } from './directory.ts';

// Thousands of cases: how long they take says nothing.
vi.setConfig({ testTimeout: 120_000 });

const send = (id: string): Send => ({
  type: 'send',
  at: 1,
  id,
  sender: 2,
  to: ['B'],
  body: id,
  priority: 'normal',
  hash: id,
});

/** A database whose commits fail when told to, as SQLite's do, and that counts its transactions. */
class Disk implements Database {
  readonly inner = emptyDatabase();
  commits = 0;
  fail: { readonly at: 'BEGIN IMMEDIATE' | 'COMMIT'; readonly errcode: number; readonly undone: boolean } | undefined;
  prepare = (sql: string) => this.inner.prepare(sql);
  close = () => this.inner.close();

  exec(sql: string): void {
    if (this.fail && sql === this.fail.at) {
      // SQLite has rolled back by itself after some faults of the disk, and not after others.
      if (this.fail.undone && sql === 'COMMIT') this.inner.exec('ROLLBACK');
      throw Object.assign(new Error('a fault of the disk'), { code: 'ERR_SQLITE_ERROR', errcode: this.fail.errcode });
    }
    this.inner.exec(sql);
    if (sql === 'COMMIT') this.commits += 1;
  }
}

async function start(disk = new Disk()) {
  const clock = new FakeClock();
  const state = new State(disk);
  const journal = new LocalJournal(state, clock);
  await journal.submit({ type: 'enter', at: 1, name: 'A', about: {} });
  await journal.submit({ type: 'enter', at: 1, name: 'B', about: {} });
  disk.commits = 0;
  const ids = () => state.store.all<{ id: string }>('SELECT id FROM envelope ORDER BY position').map((row) => row.id);
  return { disk, clock, journal, state, ids };
}

const codeOf = (error: unknown) => (error instanceof RelayError ? error.code : String(error));
const outcome = (wait: Promise<unknown>) => wait.then(() => 'ok', codeOf);

describe('group commit', () => {
  it('writes in one transaction what was submitted together', async () => {
    const { disk, journal, ids } = await start();
    await Promise.all(['m1', 'm2', 'm3'].map((id) => journal.submit(send(id))));
    expect([disk.commits, ids()]).toEqual([1, ['m1', 'm2', 'm3']]);
  });

  it('answers nothing before it is written', async () => {
    const { disk, journal } = await start();
    const commitsAtAnswer: number[] = [];
    await Promise.all(
      ['m1', 'm2'].map((id) => journal.submit(send(id)).then(() => commitsAtAnswer.push(disk.commits))),
    );
    expect(commitsAtAnswer).toEqual([1, 1]);
  });

  it('bounds how many share a transaction', async () => {
    const { disk, journal } = await start();
    await Promise.all(Array.from({ length: 1_025 }, (_, i) => journal.submit(send(`m${i}`))));
    expect(disk.commits).toBe(3);
  });
});

describe('what is posted', () => {
  it('waits for company, and no longer than it may', async () => {
    const { disk, clock, journal, ids } = await start();
    const wait = journal.post(send('m1'));
    await clock.run(RIDE_ALONG.quiet - 1);
    expect([disk.commits, ids()]).toEqual([0, []]);
    await clock.run(1);
    await wait;
    expect([disk.commits, ids(), clock.pending]).toEqual([1, ['m1'], 0]);
  });

  it.each([
    ['quiet', 4],
    ['busy', 5],
  ] as const)('waits as long as where it is %s when the last transaction had %i commands', async (when, count) => {
    const { disk, clock, journal } = await start();
    await Promise.all(Array.from({ length: count }, (_, i) => journal.submit(send(`m${i}`))));
    const wait = journal.post(send('later'));
    await clock.run(RIDE_ALONG[when] - 1);
    expect(disk.commits).toBe(1);
    await clock.run(1);
    await wait;
    expect(disk.commits).toBe(2);
  });

  it('is written with the next that is submitted, in the order of the calls', async () => {
    const { disk, clock, journal, ids } = await start();
    const waits = [journal.post(send('m1')), journal.post(send('m2')), journal.submit(send('m3'))];
    await Promise.all(waits);
    expect([disk.commits, ids(), clock.pending]).toEqual([1, ['m1', 'm2', 'm3'], 0]);
    await clock.run(RIDE_ALONG.busy * 2);
    expect(disk.commits).toBe(1);
  });

  it('waits by its own clock after an earlier one was written', async () => {
    const { disk, clock, journal } = await start();
    await Promise.all([journal.post(send('m1')), journal.submit(send('m2'))]);
    const wait = journal.post(send('m3'));
    await clock.run(RIDE_ALONG.quiet);
    await wait;
    expect(disk.commits).toBe(2);
  });

  it('leaves no timer behind when the journal closes, nor when it is closed', async () => {
    const { clock, journal } = await start();
    const wait = journal.post(send('m1'));
    await journal.close();
    await wait;
    expect(await outcome(journal.post(send('m2')))).toBe('shutting_down');
    expect(clock.pending).toBe(0);
  });
});

describe('a fault of the disk', () => {
  it.each([
    ['full at COMMIT', { at: 'COMMIT', errcode: 13, undone: true }, 'storage_full'],
    ['full at COMMIT, not rolled back', { at: 'COMMIT', errcode: 13, undone: false }, 'storage_full'],
    ['an I/O error at COMMIT', { at: 'COMMIT', errcode: 10, undone: true }, 'storage_failed'],
    ['an extended I/O error (fsync)', { at: 'COMMIT', errcode: 1034, undone: false }, 'storage_failed'],
    ['a lock that was not got', { at: 'BEGIN IMMEDIATE', errcode: 5, undone: true }, 'storage_failed'],
    ['a disk that is read-only', { at: 'BEGIN IMMEDIATE', errcode: 8, undone: true }, 'storage_failed'],
  ] as const)('rejects everything, applies nothing, and is over with the next success: %s', async (_, fail, code) => {
    const { disk, journal, state, ids } = await start();
    const told: unknown[] = [];
    journal.onEffects((effects) => told.push(...effects));
    const before = [...state.dump()].join('\n');
    disk.fail = fail;
    const results = await Promise.all([
      outcome(journal.submit(send('m1'))),
      outcome(journal.post(send('m2'))),
      outcome(journal.submit(send('m3'))),
    ]);
    expect(results).toEqual([code, code, code]);
    expect([...state.dump()].join('\n')).toBe(before);
    expect([journal.ready, told]).toEqual([false, []]);
    disk.fail = undefined;
    expect(await Promise.all(['m1', 'm2', 'm3'].map((id) => outcome(journal.submit(send(id)))))).toEqual([
      'ok',
      'ok',
      'ok',
    ]);
    expect([journal.ready, ids(), told.length]).toEqual([true, ['m1', 'm2', 'm3'], 3]);
  });

  it('stays as long as the disk does, and a refusal is no success of it', async () => {
    const { disk, journal } = await start();
    disk.fail = { at: 'COMMIT', errcode: 13, undone: true };
    for (let i = 0; i < 3; i++) {
      expect(await outcome(journal.submit({ ...send('m1'), to: ['Nobody'] }))).toBe('storage_full');
      expect(journal.ready).toBe(false);
    }
  });

  it('keeps its cause for the log', async () => {
    const { disk, journal } = await start();
    disk.fail = { at: 'COMMIT', errcode: 10, undone: true };
    const error = await journal.submit(send('m1')).catch((reason: unknown) => reason);
    expect(error instanceof RelayError && error.cause).toMatchObject({ errcode: 10, message: 'a fault of the disk' });
    expect(error instanceof RelayError && error.retry).toBe(true);
  });

  it('that is real, a file that may not grow, loses nothing and applies nothing twice', async () => {
    const { disk, journal, ids } = await start();
    const { page_count: pages } = disk.inner.prepare('PRAGMA page_count').get() as { page_count: number };
    disk.inner.exec(`PRAGMA max_page_count = ${pages + 4}`);
    const big = (id: string): Send => ({ ...send(id), body: id.repeat(2_000) });
    const names = Array.from({ length: 20 }, (_, i) => `m${i}`);
    const results: string[] = [];
    for (const id of names) results.push(await outcome(journal.submit(big(id))));
    const answered = names.filter((_, i) => results[i] === 'ok');
    expect(results).toContain('storage_full');
    expect([ids(), journal.ready]).toEqual([answered, false]);
    disk.inner.exec('PRAGMA max_page_count = 1000000');
    for (const id of names) expect(await outcome(journal.submit(big(id)))).toBe('ok');
    expect([ids().sort(), journal.ready]).toEqual([names.sort(), true]);
  });

  it('while it closes rejects what was waiting, and it is closed all the same', async () => {
    const { disk, journal } = await start();
    disk.fail = { at: 'COMMIT', errcode: 13, undone: true };
    const wait = outcome(journal.submit(send('m1')));
    await journal.close();
    expect(await wait).toBe('storage_full');
    expect(await outcome(journal.submit(send('m2')))).toBe('shutting_down');
  });
});

describe('a close', () => {
  it('takes along what a listener submits while it finishes', async () => {
    const { journal, disk } = await start();
    let inner: Promise<string> | undefined;
    journal.onEffects(() => {
      inner ??= outcome(journal.submit(send('inner')));
    });
    const outer = outcome(journal.submit(send('outer')));
    await journal.close();
    // The last one files what was only in memory.
    expect([await outer, await inner, disk.commits]).toEqual(['ok', 'ok', 3]);
    await settle();
  });
});

describe('the local journal and the one in memory', () => {
  let remove: (() => Promise<void>) | undefined;
  afterEach(async () => {
    await remove?.();
    remove = undefined;
  });
  const random = { bytes: (count: number) => new Uint8Array(count), fraction: () => 0 };

  it('make the same tables and the same answers of the same commands, also after opening again', async () => {
    await fc.assert(
      fc.asyncProperty(anyHistory, async (commands) => {
        const place = await temporary();
        remove = place.remove;
        const [local, memory] = [await openJournal({ dir: place.dir, random }), await openMemoryJournal(random)];
        const say = (wait: Promise<unknown>) => wait.then((applied) => JSON.stringify(applied), codeOf);
        const both = [local, memory].map((journal) =>
          Promise.all(commands.map((command) => say(journal.submit(command)))),
        );
        const [one, two] = await Promise.all(both);
        expect(one).toEqual(two);
        const dump = [...memory.state.dump()];
        expect([...local.state.dump()]).toEqual(dump);
        await Promise.all([local.close(), memory.close()]);
        const again = await openJournal({ dir: place.dir });
        expect([...again.state.dump()]).toEqual(dump);
        await again.close();
        await place.remove();
      }),
      { numRuns: 15 },
    );
  });
});
