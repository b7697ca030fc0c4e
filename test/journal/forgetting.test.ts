/** What was forgotten is nowhere in the files, while the relay runs: with both threads as they are shipped. */
import { copyFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it, vi } from 'vitest';
import type { Journal } from '../../src/journal/journal.ts';
import { openJournal } from '../../src/journal/open.ts';
import { bundled } from '../support/bundled.ts';
import { afterEveryTest } from '../support/cleanup.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { tempDir } from '../support/temp-dir.ts';

const opened: Journal[] = [];
afterEveryTest(async () => {
  for (const journal of opened.splice(0)) await journal.close();
});

async function open(dir: string) {
  const clock = new FakeClock();
  const [checkpointThread, searchThread] = await Promise.all(
    ['checkpoint.mjs', 'search.mjs'].map(async (file) => pathToFileURL(await bundled(file))),
  );
  const journal = await openJournal({ dir, clock, checkpointThread, searchThread });
  opened.push(journal);
  const enter = (name: string) => journal.submit({ type: 'enter', at: 1, name, about: {} });
  const send = (id: string, body: string) =>
    journal.submit({ type: 'send', at: 1, id, sender: 2, to: ['B'], body, priority: 'normal', hash: id });
  const find = (query: string) =>
    journal.search.find({ session: 2, channels: [1, 2, 3], after: 0, before: 1e9, ascending: true, limit: 10, query });
  return { clock, journal, enter, send, find };
}

/** Two messages that B has, and whose words can be found. */
async function filled(dir: string) {
  const rig = await open(dir);
  for (const name of ['A', 'B']) await rig.enter(name);
  await rig.send('m1', 'a zebracorn');
  await rig.send('m2', 'a quibblewort');
  await rig.journal.submit({ type: 'receipt', at: 9, session: 3, state: 'handed', positions: [1, 2] });
  expect(await rig.find('zebracorn')).toEqual([1]);
  return rig;
}

const holders = (dir: string, word: string) =>
  readdirSync(dir).filter((file) => readFileSync(join(dir, file)).includes(word));

async function gone(dir: string, clock: FakeClock): Promise<void> {
  await vi.waitFor(
    async () => {
      await clock.run(1_000);
      expect(holders(dir, 'zebracorn')).toEqual([]);
    },
    { timeout: 15_000, interval: 100 },
  );
}

it('what was forgotten goes from the tables, from the words and from the logs of both', async () => {
  const dir = join(tempDir(), 'data');
  const { clock, journal, find } = await filled(dir);
  expect(holders(dir, 'zebracorn')).toEqual(expect.arrayContaining(['relay.sqlite-wal', 'search.sqlite-wal']));
  await journal.submit({ type: 'prune', positions: [1] });
  await gone(dir, clock);
  expect(holders(dir, 'quibblewort')).not.toEqual([]);
  expect(await find('quibblewort')).toEqual([2]);
});

it('what was forgotten just before a death goes with the first commit of the next life', async () => {
  const dir = join(tempDir(), 'data');
  const { journal } = await filled(dir);
  await journal.submit({ type: 'prune', positions: [1] });
  const next = join(tempDir(), 'data');
  mkdirSync(next, { mode: 0o700 });
  // As a killed process leaves them.
  for (const file of readdirSync(dir)) if (!file.endsWith('-shm')) copyFileSync(join(dir, file), join(next, file));
  expect(holders(next, 'zebracorn')).toEqual(expect.arrayContaining(['relay.sqlite-wal', 'search.sqlite-wal']));
  const { clock, send, find } = await open(next);
  await send('m3', 'hay');
  await gone(next, clock);
  expect(await find('quibblewort')).toEqual([2]);
});
