/** Data of a relay on a disk, made by commands. */
import { join } from 'node:path';
import type { Journal } from '../../src/journal/journal.ts';
import { openJournal } from '../../src/journal/open.ts';
import type { Send } from '../../src/state/command.ts';
import { afterEveryTest } from '../support/cleanup.ts';
import { tempDir } from '../support/temp-dir.ts';

const open: Journal[] = [];

export interface Data {
  readonly dir: string;
  readonly path: string;
  readonly journal: Journal;
  send(body: string, more?: Partial<Send>): Promise<number>;
}

/** With A (session 2), who sends, and B (session 3), who reads. */
export async function someData(messages = 0, dir = join(tempDir(), 'data')): Promise<Data> {
  const journal = await openJournal({ dir });
  open.push(journal);
  for (const name of ['A', 'B']) await journal.submit({ type: 'enter', at: 1, name, about: {} });
  let n = 0;
  const send = async (body: string, more: Partial<Send> = {}) => {
    n += 1;
    const command: Send = {
      type: 'send',
      at: n,
      id: `m${n}`,
      sender: 2,
      to: ['B'],
      body,
      priority: 'normal',
      hash: `h${n}`,
      ...more,
    };
    return (await journal.submit(command)).outcome.position;
  };
  for (let i = 1; i <= messages; i++) await send(`body ${i}`);
  return { dir, path: join(dir, 'relay.sqlite'), journal, send };
}

/** Ends it, so that others may open its files. May be called before the end of the test. */
export async function closed({ journal }: Data): Promise<void> {
  await journal.close();
}

afterEveryTest(async () => {
  for (const journal of open.splice(0)) await journal.close();
});
