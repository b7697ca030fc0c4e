import { statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Checkpoints } from '../../src/journal/checkpoints.ts';
import { openDatabase } from '../../src/journal/driver.ts';
import { openJournal } from '../../src/journal/open.ts';
import type { Send } from '../../src/state/command.ts';
import { bundled } from '../support/bundled.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { tempDir } from '../support/temp-dir.ts';

const opened: Checkpoints[] = [];
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
});

/** A thread that does as the given code says with each request, and ends when it is told to. */
function start(onGo: string) {
  const script = new URL(
    `data:text/javascript,${encodeURIComponent(`
      import { parentPort } from 'node:worker_threads';
      let asked = 0;
      parentPort.on('message', (request) => {
        if (request === 'close') return parentPort.close();
        asked += 1;
        ${onGo}
      });`)}`,
  );
  const clock = new FakeClock();
  const finish = vi.fn();
  const empty = vi.fn(() => true);
  const onFailed = vi.fn();
  const checkpoints = new Checkpoints({ script, path: '/nowhere', clock, finish, empty, onFailed });
  opened.push(checkpoints);
  return { checkpoints, clock, finish, empty, onFailed };
}

const reply = (pages: string) => `parentPort.postMessage({ pages: ${pages} });`;

describe('the thread that copies the log', () => {
  it('is asked 5 s after a commit, once for all of that time', async () => {
    const { checkpoints, clock, finish } = start(reply('2000 * asked'));
    for (let i = 0; i < 3; i++) checkpoints.committed();
    expect(clock.pending).toBe(1);
    await clock.run(5_000);
    await vi.waitFor(() => expect(finish).toHaveBeenCalledTimes(1));
    expect(clock.pending).toBe(0);
  });

  it('is asked after a second when there were a thousand commits', async () => {
    const { checkpoints, clock, finish } = start(reply('2000'));
    for (let i = 0; i < 999; i++) checkpoints.committed();
    await clock.run(1_000);
    expect(clock.pending).toBe(1);
    checkpoints.committed();
    await clock.run(1_000);
    expect(clock.pending).toBe(0);
    await vi.waitFor(() => expect(finish).toHaveBeenCalledTimes(1));
  });

  it('leaves a short log alone: it begins anew when it is long', async () => {
    const { checkpoints, clock, finish } = start(reply('asked === 1 ? 1999 : 2000'));
    checkpoints.committed();
    await clock.run(5_000);
    checkpoints.committed();
    await vi.waitFor(() => expect(clock.pending).toBe(1));
    expect(finish).not.toHaveBeenCalled();
    await clock.run(5_000);
    await vi.waitFor(() => expect(finish).toHaveBeenCalledTimes(1));
  });

  it('is followed by emptying the log after something was forgotten, once, though it is short', async () => {
    const { checkpoints, clock, finish, empty } = start(reply('1'));
    checkpoints.forgot();
    for (let i = 0; i < 2; i++) {
      checkpoints.committed();
      await clock.run(5_000);
      checkpoints.committed();
      await vi.waitFor(() => expect(clock.pending).toBe(1));
    }
    expect([empty.mock.calls.length, finish.mock.calls.length]).toEqual([1, 0]);
  });

  it('is asked again, without a commit, while somebody reads the log that is to be emptied', async () => {
    const { checkpoints, clock, empty } = start(reply('1'));
    empty.mockReturnValueOnce(false).mockReturnValueOnce(false);
    checkpoints.forgot();
    checkpoints.committed();
    for (let i = 1; i <= 3; i++) {
      await clock.run(5_000);
      await vi.waitFor(() => expect(empty).toHaveBeenCalledTimes(i));
    }
    expect(clock.pending).toBe(0);
  });

  it.each([
    ['cannot copy', "parentPort.postMessage({ failed: 'disk I/O error' });", 'disk I/O error'],
    ['throws', "throw new Error('a fault');", 'a fault'],
    ['ends', 'process.exit(3);', 'the thread ended with 3'],
  ])('is asked again after the next commit when it %s, and that is told', async (_, onGo, why) => {
    const { checkpoints, clock, finish, onFailed } = start(onGo);
    for (let i = 0; i < 2; i++) {
      checkpoints.committed();
      await clock.run(5_000);
      checkpoints.committed();
      await vi.waitFor(() => expect(clock.pending).toBe(1));
    }
    expect(finish).not.toHaveBeenCalled();
    expect(onFailed.mock.calls).toEqual([[why], [why]]);
  });

  it('lets go of its file when that is opened anew, and goes on with what is there then', async () => {
    const { checkpoints, clock, finish } = start(reply('asked === 1 ? 2000 : 0'));
    for (let i = 1; i <= 2; i++) {
      checkpoints.committed();
      await clock.run(5_000);
      // A thread that is new is asked for the first time.
      await vi.waitFor(() => expect(finish).toHaveBeenCalledTimes(i));
      await checkpoints.release();
    }
  });

  it('is asked nothing when it is closed, and leaves no timer', async () => {
    const { checkpoints, clock } = start(reply('0'));
    checkpoints.committed();
    await checkpoints.close();
    checkpoints.committed();
    expect(clock.pending).toBe(0);
    await checkpoints.close();
  });
});

describe('a log that is copied by a thread', () => {
  const send = (id: string): Send => ({
    type: 'send',
    at: 1,
    id,
    sender: 2,
    to: ['A'],
    body: 'x'.repeat(4_000),
    priority: 'normal',
    hash: id,
  });

  it('is emptied after something was forgotten, once nobody reads it; nobody waits for that', async () => {
    const dir = join(tempDir(), 'data');
    const clock = new FakeClock();
    const checkpointThread = pathToFileURL(await bundled('checkpoint.mjs'));
    const journal = await openJournal({ dir, clock, checkpointThread });
    const { store } = journal.state;
    const asked = vi.spyOn(store, 'getWritten');
    const tries = () =>
      asked.mock.calls.flatMap(([sql]) => (/^PRAGMA (busy_timeout|wal_checkpoint)/.test(sql) ? sql.slice(7) : []));
    const log = join(dir, 'relay.sqlite-wal');
    for (const name of ['A', 'B']) await journal.submit({ type: 'enter', at: 1, name, about: {} });
    await journal.submit(send('m1'));
    await journal.submit({ type: 'receipt', at: 9, session: 2, state: 'handed', positions: [1] });
    const reader = await openDatabase(join(dir, 'relay.sqlite'));
    reader.exec('BEGIN');
    reader.prepare('SELECT count(*) FROM envelope').get();
    await journal.submit({ type: 'prune', positions: [1] });
    const once = ['busy_timeout', 'busy_timeout = 0', 'wal_checkpoint(TRUNCATE)', 'busy_timeout = 1000'];
    await clock.run(5_000);
    await vi.waitFor(() => expect(tries()).toEqual(once), { timeout: 15_000 });
    expect(statSync(log).size).toBeGreaterThan(0);
    reader.exec('ROLLBACK');
    reader.close();
    await clock.run(5_000);
    await vi.waitFor(() => expect(tries()).toEqual([...once, ...once]), { timeout: 15_000 });
    expect([statSync(log).size, clock.pending]).toEqual([0, 0]);
    await journal.close();
  });

  it('begins anew when it is long, and everything is in the tables', async () => {
    const dir = join(tempDir(), 'data');
    const clock = new FakeClock();
    const checkpointThread = pathToFileURL(await bundled('checkpoint.mjs'));
    const journal = await openJournal({ dir, clock, checkpointThread });
    await journal.submit({ type: 'enter', at: 1, name: 'A', about: {} });
    const [tables, log] = [join(dir, 'relay.sqlite'), join(dir, 'relay.sqlite-wal')];
    for (let round = 0; round < 6; round++) {
      const some = Array.from({ length: 1_200 }, (_, i) => journal.submit(send(`m${round}-${i}`)));
      await Promise.all(some);
      const before = statSync(tables).size;
      await clock.run(5_000);
      await vi.waitFor(() => expect(statSync(tables).size).toBeGreaterThan(before), { timeout: 15_000 });
    }
    // Of six rounds of 6 MB: it was written over.
    expect(statSync(log).size).toBeLessThan(20_000_000);
    const dump = [...journal.state.dump()];
    await journal.close();
    // Whether it is deleted is the driver's.
    expect(statSync(log, { throwIfNoEntry: false })?.size ?? 0).toBe(0);
    const again = await openJournal({ dir });
    expect([...again.state.dump()]).toEqual(dump);
    await again.close();
  });

  it('is copied by the journal itself where the thread cannot, and that is told', async () => {
    const dir = join(tempDir(), 'data');
    const clock = new FakeClock();
    const troubles: string[] = [];
    const code =
      "import { parentPort } from 'node:worker_threads'; parentPort.on('message', (request) => request === 'close' ? parentPort.close() : parentPort.postMessage({ failed: 'disk I/O error' }));";
    const journal = await openJournal({
      dir,
      clock,
      checkpointThread: new URL(`data:text/javascript,${encodeURIComponent(code)}`),
      onTrouble: (what, error) => void troubles.push(`${what}: ${error}`),
    });
    await journal.submit({ type: 'enter', at: 1, name: 'A', about: {} });
    await Promise.all(Array.from({ length: 100 }, (_, i) => journal.submit(send(`m${i}`))));
    const before = statSync(join(dir, 'relay.sqlite')).size;
    await clock.run(5_000);
    await vi.waitFor(() => expect(statSync(join(dir, 'relay.sqlite')).size).toBeGreaterThan(before));
    expect(troubles).toEqual(['the log could not be copied by its thread: Error: disk I/O error']);
    expect(journal.ready).toBe(true);
    await journal.close();
  });
});
