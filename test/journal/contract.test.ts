import { openJournal, openMemoryJournal } from '../../src/journal/open.ts';
import { runJournalContract } from '../contract/journal.ts';
import { temporary } from './directory.ts';

runJournalContract('memory', async () => {
  const journal = await openMemoryJournal();
  return { journal, teardown: () => journal.close() };
});

runJournalContract('local', async () => {
  const { dir, remove } = await temporary();
  const journal = await openJournal({ dir });
  return {
    journal,
    teardown: async () => {
      await journal.close();
      await remove();
    },
  };
});
