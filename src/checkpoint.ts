/** The thread that moves the log into the tables; `journal/checkpoints.ts` starts it and says when. */
import { parentPort, workerData } from 'node:worker_threads';
import type { CheckpointReply } from './journal/checkpoints.ts';
import { loadDriver } from './journal/driver.ts';
import { reason } from './util/failure.ts';

const open = await loadDriver();
const { path }: { readonly path: string } = workerData;
const database = open(path);
// It never waits: whoever holds the lock does the same work.
database.exec('PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 0; PRAGMA wal_autocheckpoint = 0');
const checkpoint = database.prepare('PRAGMA wal_checkpoint(PASSIVE)');

function run(): CheckpointReply {
  try {
    const { log } = checkpoint.get() as { readonly log: number };
    return { pages: log };
  } catch (error) {
    return { failed: reason(error) };
  }
}

parentPort?.on('message', (request: 'go' | 'close') => {
  if (request === 'go') return parentPort?.postMessage(run());
  database.close();
  parentPort?.close();
});
