/** Writes until it is killed, and says each id on stdout once the journal has answered it. Run by `crash.test.ts`. */
import { writeSync } from 'node:fs';
import { openJournal } from '../../src/journal/open.ts';

const [dir = '', round = ''] = process.argv.slice(2);
const journal = await openJournal({ dir });
const enter = (name: string) => journal.submit({ type: 'enter', at: 1, name, about: {} });
const [a, b] = [(await enter('A')).outcome.session, (await enter('B')).outcome.session];

async function send(id: string): Promise<void> {
  const message = { at: 1, id, sender: a, to: ['B'], body: id.repeat(50), priority: 'normal', hash: id } as const;
  const { outcome } = await journal.submit({ type: 'send', ...message });
  writeSync(1, `${id} ${outcome.position}\n`);
  void journal.post({ type: 'receipt', at: 2, session: b, state: 'handed', positions: [outcome.position] });
}

for (let i = 0; ; i += 8) await Promise.all(Array.from({ length: 8 }, (_, j) => send(`r${round}-${i + j}`)));
