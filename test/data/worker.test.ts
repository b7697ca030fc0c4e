/** The two ways of doing the tasks, in this thread and in one of their own: the same answers. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type DataTasks, directTasks } from '../../src/data/tasks.ts';
import { verifyData } from '../../src/data/verify.ts';
import { workerTasks } from '../../src/data/worker.ts';
import { bundled } from '../support/bundled.ts';
import { tempDir } from '../support/temp-dir.ts';
import { closed, someData } from './kit.ts';

const ways: readonly [string, (path: string) => Promise<DataTasks>][] = [
  ['in this thread', async (path) => directTasks(path)],
  ['in a thread of their own', async (path) => workerTasks(path, await bundled('data.mjs'))],
];

const all = async (pieces: AsyncIterable<string>) => {
  const found: string[] = [];
  for await (const piece of pieces) found.push(piece);
  return found;
};

describe.each(ways)('the tasks %s', { timeout: 120_000 }, (_, make) => {
  it('copy', async () => {
    const data = await someData(20);
    const to = join(tempDir(), 'copy.sqlite');
    await (await make(data.path)).copy(to);
    expect(await verifyData(to)).toMatchObject({ ok: true, envelopes: 20 });
  });

  it('verify', async () => {
    const data = await someData(20);
    expect(await (await make(data.path)).verify()).toMatchObject({ ok: true, envelopes: 20, problems: [] });
  });

  it('check that the file is whole, while it is written', async () => {
    const data = await someData(20);
    expect(await (await make(data.path)).check()).toBeUndefined();
    await closed(data);
    const bytes = readFileSync(data.path);
    writeFileSync(data.path, bytes.fill(0xa5, 4_096 * 3));
    expect(await (await make(data.path)).check()).toMatch(/./);
    writeFileSync(data.path, 'this is not a database, by any means. '.repeat(300));
    expect(await (await make(data.path)).check()).toBe('not a database, or broken pages');
  });

  it('export, in pieces', async () => {
    const data = await someData(450);
    const pieces = await all((await make(data.path)).export({ format: 'jsonl' }));
    expect(pieces.map((piece) => piece.trimEnd().split('\n').length)).toEqual([200, 200, 50]);
  });

  it('hold nothing while an export waits to be read on: the log can begin anew', async () => {
    const data = await someData(450);
    const pieces = (await make(data.path)).export({ format: 'jsonl' })[Symbol.asyncIterator]();
    await pieces.next();
    await data.send('what comes later is not part of it');
    const { database } = data.journal.state.store;
    expect(database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()).toMatchObject({ busy: 0 });
    const rest = await all({ [Symbol.asyncIterator]: () => pieces });
    expect(rest.map((piece) => piece.trimEnd().split('\n').length)).toEqual([200, 50]);
  });

  it('end an export that nobody reads on', async () => {
    const data = await someData(450);
    for await (const piece of (await make(data.path)).export({ format: 'markdown' })) {
      expect(piece).toMatch(/^## /);
      break;
    }
    await data.send('and the relay goes on');
  });

  it('say what failed, and leave nothing behind', async () => {
    const dir = tempDir();
    const path = join(dir, 'no.sqlite');
    writeFileSync(path, 'no database at all, but long enough'.repeat(50));
    const tasks = await make(path);
    expect((await tasks.verify()).problems).toEqual(['not a database, or broken pages']);
    const damaged = { message: expect.stringMatching(/data are damaged/), remedy: expect.stringMatching(/^Restore/) };
    await expect(tasks.copy(join(dir, 'copy'))).rejects.toMatchObject(damaged);
    await expect(all(tasks.export({ format: 'jsonl' }))).rejects.toMatchObject(damaged);
    expect(existsSync(join(dir, 'copy'))).toBe(false);
  });

  it('refuse an export about nobody as a message to nobody is refused', async () => {
    const data = await someData(1);
    const pieces = (await make(data.path)).export({ format: 'jsonl', about: 'build' });
    await expect(all(pieces)).rejects.toMatchObject({ code: 'unknown_recipient' });
  });

  it('say a remedy where there is one', async () => {
    const data = await someData(1);
    const to = join(tempDir(), 'there');
    writeFileSync(to, '');
    await expect((await make(data.path)).copy(to)).rejects.toMatchObject({ remedy: 'Choose another file.' });
  });
});

describe('a thread that cannot even start', () => {
  it('is an error for whoever asked', async () => {
    const tasks = workerTasks('/nowhere', '/nowhere/data.mjs');
    await expect(tasks.verify()).rejects.toThrow(/Cannot find module/);
  });
});
