/** Closes a journal whose threads take their time to end, and says so on stdout once it is closed. Run by `closing.test.ts`. */
import { openJournal } from '../../src/journal/open.ts';
import { FakeClock } from '../support/fake-clock.ts';

const slow = new URL(
  `data:text/javascript,${encodeURIComponent(`
    import { parentPort } from 'node:worker_threads';
    parentPort.on('message', (request) => {
      if (request !== 'close' && request.type !== 'close') return;
      setTimeout(() => parentPort.close(), 200);
    });`)}`,
);
const [dir = '', which = ''] = process.argv.slice(2);
const clock = new FakeClock();
const journal = await openJournal({ dir, clock, [which]: slow });
const enter = (name: string) => journal.submit({ type: 'enter', at: 1, name, about: {} });
const [a] = [(await enter('A')).outcome.session, await enter('B')];
const hay = { body: 'hay', priority: 'normal', hash: 'hay' } as const;
await journal.submit({ type: 'send', at: 1, id: 'm', sender: a, to: ['B'], ...hay });
await clock.run(5_000);
await journal.close();
process.stdout.write('closed\n');
