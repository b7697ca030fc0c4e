import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import { openJournal } from '../../src/journal/open.ts';
import { countUnhanded } from '../../src/state/queries/inbox.ts';
import { sentBy, sentTo } from '../../src/state/queries/routes.ts';
import { sessionById } from '../../src/state/queries/sessions.ts';
import { script } from '../support/script.ts';
import { tempDir } from '../support/temp-dir.ts';

/** Runs the writer until it has answered so many times, kills it, and tells all that it answered. */
async function writeAndKill(writer: string, dir: string, round: number, enough: number): Promise<Map<string, number>> {
  const child = spawn(process.execPath, [writer, dir, String(round)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exit = new Promise<NodeJS.Signals | null>((resolve) => child.once('exit', (_, signal) => resolve(signal)));
  const answered = new Map<string, number>();
  for await (const line of createInterface({ input: child.stdout })) {
    const [id = '', position] = line.split(' ');
    answered.set(id, Number(position));
    if (answered.size === enough) child.kill('SIGKILL');
  }
  expect(await exit).toBe('SIGKILL');
  return answered;
}

describe('a process that is killed while it writes', () => {
  it('has lost nothing that it answered, five times in a row, and has left nothing by half', async () => {
    const dir = join(tempDir(), 'data');
    const answered = new Map<string, number>();
    const writer = await script('test/journal/writer.script.ts');
    for (const [round, enough] of [1, 40, 131, 260, 77].entries()) {
      for (const [id, position] of await writeAndKill(writer, dir, round, enough)) answered.set(id, position);
      const journal = await openJournal({ dir });
      const { store } = journal.state;
      const rows = store.all<{ id: string; position: number }>('SELECT id, position FROM envelope ORDER BY position');
      const stored = new Map(rows.map((row) => [row.id, row.position]));
      expect([...answered].filter(([id, position]) => stored.get(id) !== position)).toEqual([]);
      expect(rows.map((row) => row.position)).toEqual(rows.map((_, i) => i + 1));
      const everything = { after: 0, before: Number.MAX_SAFE_INTEGER, ascending: true };
      for (const channel of [3, sentBy(2)])
        expect(sentTo(store, channel, everything, 10_000)).toEqual(rows.map((row) => row.position));
      const range = { after: 0, before: Number.MAX_SAFE_INTEGER, ascending: true, limit: 10_000 };
      const found = await journal.search.find({ query: 'r*', session: 2, channels: [], ...range });
      expect(found).toEqual(rows.map((row) => row.position));
      const reader = sessionById(store, 3);
      const waiting = reader && countUnhanded(store, reader);
      const handed = store.get<{ n: number }>("SELECT count(*) AS n FROM receipt WHERE state = 'handed'")?.n;
      expect(waiting).toBe(rows.length - (handed ?? 0));
      await journal.close();
    }
  }, 60_000);
});
