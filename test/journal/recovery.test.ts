import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Journal } from '../../src/journal/journal.ts';
import { LocalJournal } from '../../src/journal/local.ts';
import { openJournal } from '../../src/journal/open.ts';
import { RelayError } from '../../src/protocol/codes.ts';
import type { Send } from '../../src/state/command.ts';
import { newestPosition, newestTime } from '../../src/state/queries/envelopes.ts';
import { State } from '../../src/state/state.ts';
import type { Database, Statement } from '../../src/state/store.ts';
import { emptyDatabase } from '../state/world.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { tempDir } from '../support/temp-dir.ts';

const FULL = 13;
const IOERR = 10;
const SYNC_FAILED = 1034;

/** A disk that fails as it is told to: at the commit, or at anything. Opened anew, it is the same tables. */
class Disk {
  readonly inner = emptyDatabase();
  errcode: number | undefined;
  /** What was committed cannot be put on the disk. */
  isStuck = false;
  synced = 0;
  /** Also queries and the opening fail. */
  isGone = false;
  opened = 0;
  closed = 0;

  readonly log = {
    sync: () => {
      if (this.isStuck) throw Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' });
      this.synced += 1;
    },
    forgot: () => {},
    close: async () => {},
  };

  open(): Database {
    this.#check(this.isGone);
    this.opened += 1;
    return {
      exec: (sql) => {
        if (sql === 'COMMIT') this.#check(true);
        this.inner.exec(sql);
      },
      prepare: (sql) => this.#statement(this.inner.prepare(sql)),
      close: () => {
        this.closed += 1;
      },
    };
  }

  #statement(statement: Statement): Statement {
    const guarded =
      <A extends readonly unknown[], R>(call: (...values: A) => R) =>
      (...values: A): R => {
        this.#check(this.isGone);
        return call(...values);
      };
    return {
      get: guarded((...values) => statement.get(...values)),
      all: guarded((...values) => statement.all(...values)),
      run: guarded((...values) => statement.run(...values)),
    };
  }

  #check(applies: boolean): void {
    if (applies && this.errcode !== undefined)
      throw Object.assign(new Error('a fault of the disk'), { errcode: this.errcode });
  }
}

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
const outcome = (wait: Promise<unknown>) =>
  wait.then(
    () => 'ok',
    (error: unknown) => (error instanceof RelayError ? error.code : String(error)),
  );

async function start() {
  const disk = new Disk();
  const clock = new FakeClock();
  const state = new State(disk.open());
  const troubles: string[] = [];
  const onTrouble = (what: string) => void troubles.push(what);
  const journal = new LocalJournal(state, clock, { reopen: () => disk.open(), log: disk.log, onTrouble });
  await journal.submit({ type: 'enter', at: 1, name: 'A', about: {} });
  await journal.submit({ type: 'enter', at: 1, name: 'B', about: {} });
  return { disk, clock, state, journal, troubles };
}

describe('a disk that is full', () => {
  it('is tried with every send, so that the first after there is space works', async () => {
    const { disk, journal } = await start();
    disk.errcode = FULL;
    expect(await outcome(journal.submit(send('m1')))).toBe('storage_full');
    expect(journal.ready).toBe(false);
    disk.errcode = undefined;
    expect(await outcome(journal.submit(send('m1')))).toBe('ok');
    expect([journal.ready, disk.opened]).toEqual([true, 1]);
  });

  it('is found to have space again within a second, though nobody sends', async () => {
    const { disk, clock, journal, troubles } = await start();
    disk.errcode = FULL;
    await outcome(journal.submit(send('m1')));
    await clock.run(5_000);
    expect(journal.ready).toBe(false);
    disk.errcode = undefined;
    await clock.run(1_000);
    expect([journal.ready, disk.opened, clock.pending]).toEqual([true, 1, 0]);
    expect(troubles.at(0)).toBe('the storage failed');
    expect(troubles.at(-1)).toBe('the storage works again');
  });

  it('leaves the tables as they were, though it was probed', async () => {
    const { disk, clock, journal, state } = await start();
    const before = [...state.dump()];
    disk.errcode = FULL;
    await outcome(journal.submit(send('m1')));
    disk.errcode = undefined;
    await clock.run(1_000);
    expect([...state.dump()]).toEqual(before);
    expect(await outcome(journal.submit(send('m1')))).toBe('ok');
  });
});

describe('a disk that fails', () => {
  it('is written to no more until it was opened anew and checked', async () => {
    const { disk, clock, journal, state } = await start();
    disk.errcode = SYNC_FAILED;
    expect(await outcome(journal.submit(send('m1')))).toBe('storage_failed');
    // The fault has passed; what is open may not be trusted all the same.
    disk.errcode = undefined;
    expect(await outcome(journal.submit(send('m2')))).toBe('storage_failed');
    expect([newestPosition(state.store), disk.opened]).toEqual([0, 1]);
    await clock.run(1_000);
    expect([journal.ready, disk.opened, disk.closed]).toEqual([true, 2, 1]);
    expect(await outcome(journal.submit(send('m2')))).toBe('ok');
    expect(newestPosition(state.store)).toBe(1);
  });

  it('is opened again after 1, 2, 4 and at last every 30 seconds', async () => {
    const { disk, clock, journal, troubles } = await start();
    disk.errcode = IOERR;
    disk.isGone = true;
    await outcome(journal.submit(send('m1')));
    const tries = () => troubles.filter((what) => what === 'the storage still fails').length;
    const after: number[] = [];
    for (const ms of [999, 1, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
      await clock.run(ms);
      after.push(tries());
    }
    expect(after).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    disk.errcode = undefined;
    await clock.run(30_000);
    expect([journal.ready, clock.pending]).toEqual([true, 0]);
  });

  it('that opens and cannot be written is not taken for one that works', async () => {
    const { disk, clock, journal } = await start();
    disk.errcode = IOERR;
    await outcome(journal.submit(send('m1')));
    await clock.run(60_000);
    expect(journal.ready).toBe(false);
    expect(disk.opened).toBeGreaterThan(2);
  });

  it('is noticed by whoever reads, too, and told to them as what it is', async () => {
    const { disk, clock, journal, state } = await start();
    disk.errcode = IOERR;
    disk.isGone = true;
    expect(() => newestTime(state.store)).toThrow(RelayError);
    expect(journal.ready).toBe(false);
    disk.errcode = undefined;
    await clock.run(1_000);
    expect([journal.ready, newestTime(state.store)]).toEqual([true, 0]);
  });

  it('while what is in memory is read anew leaves nothing of it half read', async () => {
    const { disk, clock, journal, state } = await start();
    await journal.submit(send('m1'));
    disk.errcode = IOERR;
    disk.isGone = true;
    state.store.forget();
    for (let i = 0; i < 2; i++) expect(() => newestPosition(state.store)).toThrow(RelayError);
    disk.errcode = undefined;
    await clock.run(1_000);
    expect([journal.ready, newestPosition(state.store)]).toEqual([true, 1]);
  });

  it('leaves no timer behind when the journal closes', async () => {
    const { disk, clock, journal } = await start();
    disk.errcode = IOERR;
    await outcome(journal.submit(send('m1')));
    disk.errcode = undefined;
    await journal.close();
    expect(clock.pending).toBe(0);
  });
});

describe('a sync that fails', () => {
  it('is said to all who waited for it, and nothing is written until the data were opened anew', async () => {
    const { disk, clock, journal } = await start();
    disk.isStuck = true;
    const waits = ['m1', 'm2'].map((id) => outcome(journal.submit(send(id))));
    expect(await Promise.all(waits)).toEqual(['storage_failed', 'storage_failed']);
    disk.isStuck = false;
    expect(await outcome(journal.submit(send('m3')))).toBe('storage_failed');
    await clock.run(1_000);
    expect([journal.ready, disk.opened]).toEqual([true, 2]);
  });

  it('leaves what was committed before it: sent again it is the same message', async () => {
    const { disk, clock, journal } = await start();
    disk.isStuck = true;
    await outcome(journal.submit(send('m1')));
    disk.isStuck = false;
    await clock.run(1_000);
    expect((await journal.submit(send('m1'))).outcome).toMatchObject({ position: 1, duplicate: true });
  });

  it('is not over while the disk cannot be synced, however well it is written', async () => {
    const { disk, clock, journal } = await start();
    disk.isStuck = true;
    await outcome(journal.submit(send('m1')));
    await clock.run(60_000);
    expect(journal.ready).toBe(false);
    disk.isStuck = false;
    await clock.run(30_000);
    expect([journal.ready, clock.pending]).toEqual([true, 0]);
  });

  it('comes once for all that were written together, before the first of them is answered', async () => {
    const { disk, journal } = await start();
    const before = disk.synced;
    const syncs = await Promise.all(
      ['m1', 'm2', 'm3'].map(async (id) => {
        await journal.submit(send(id));
        return disk.synced - before;
      }),
    );
    expect(syncs).toEqual([1, 1, 1]);
  });
});

describe('data that went away while the relay ran', () => {
  const opened: Journal[] = [];
  afterEach(async () => {
    for (const journal of opened.splice(0)) await journal.close();
  });

  /** Fails once with an I/O error, after which the journal opens its file anew. */
  async function failOnce(path: string, meanwhile: () => void | Promise<void>) {
    const clock = new FakeClock();
    const troubles: string[] = [];
    const onTrouble = (what: string, error?: unknown) => void troubles.push(`${what} ${error ?? ''}`.trim());
    const journal = await openJournal({ dir: path, clock, onTrouble });
    opened.push(journal);
    await journal.submit({ type: 'enter', at: 1, name: 'A', about: {} });
    const { store } = journal.state;
    store.onError(Object.assign(new Error('a fault of the disk'), { errcode: IOERR }));
    await meanwhile();
    await clock.run(1_000);
    return { journal, clock, troubles };
  }

  it('are not replaced by new ones', async () => {
    const dir = join(tempDir(), 'data');
    const file = join(dir, 'relay.sqlite');
    const { journal, clock, troubles } = await failOnce(dir, () => renameSync(file, `${file}.away`));
    expect(journal.ready).toBe(false);
    expect(troubles.at(-1)).toMatch(/^the storage still fails Error: ENOENT/);
    renameSync(`${file}.away`, file);
    await clock.run(2_000);
    expect(journal.ready).toBe(true);
  });

  it('are not mixed up with others that lie in their place', async () => {
    const dir = join(tempDir(), 'data');
    const { journal, troubles } = await failOnce(dir, async () => {
      for (const end of ['', '-wal', '-shm']) rmSync(join(dir, `relay.sqlite${end}`));
      await (await openJournal({ dir })).close();
    });
    expect(journal.ready).toBe(false);
    expect(troubles.at(-1)).toBe('the storage still fails Error: Other data lie in the place of those that were open.');
  });
});
