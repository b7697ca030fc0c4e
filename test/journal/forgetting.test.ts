/** What was forgotten is nowhere in the files, while the relay runs: with both threads as they are shipped. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it, vi } from 'vitest';
import { openJournal } from '../../src/journal/open.ts';
import { bundled } from '../support/bundled.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { tempDir } from '../support/temp-dir.ts';

it('what was forgotten goes from the tables, from the words and from the logs of both', async () => {
  const dir = join(tempDir(), 'data');
  const clock = new FakeClock();
  const [checkpointThread, searchThread] = await Promise.all(
    ['checkpoint.mjs', 'search.mjs'].map(async (file) => pathToFileURL(await bundled(file))),
  );
  const journal = await openJournal({ dir, clock, checkpointThread, searchThread });
  const holders = (word: string) => readdirSync(dir).filter((file) => readFileSync(join(dir, file)).includes(word));
  try {
    for (const name of ['A', 'B']) await journal.submit({ type: 'enter', at: 1, name, about: {} });
    const send = (id: string, body: string) =>
      journal.submit({ type: 'send', at: 1, id, sender: 2, to: ['B'], body, priority: 'normal', hash: id });
    await send('m1', 'a zebracorn');
    await send('m2', 'a quibblewort');
    await journal.submit({ type: 'receipt', at: 9, session: 3, state: 'handed', positions: [1, 2] });
    const all = { session: 2, channels: [1, 2, 3], after: 0, before: 1e9, ascending: true, limit: 10 };
    expect(await journal.search.find({ ...all, query: 'zebracorn' })).toEqual([1]);
    expect(holders('zebracorn')).toEqual(expect.arrayContaining(['relay.sqlite-wal', 'search.sqlite-wal']));

    await journal.submit({ type: 'prune', positions: [1] });
    await vi.waitFor(
      async () => {
        await clock.run(1_000);
        expect(holders('zebracorn')).toEqual([]);
      },
      { timeout: 15_000, interval: 100 },
    );
    expect(holders('quibblewort')).not.toEqual([]);
    expect(await journal.search.find({ ...all, query: 'quibblewort' })).toEqual([2]);
  } finally {
    await journal.close();
  }
});
