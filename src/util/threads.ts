import type { Worker } from 'node:worker_threads';

/** Resolves when the thread has ended. From here on it keeps the process alive: who waits for it would end in the middle otherwise. */
export function ended(worker: Worker): Promise<void> {
  worker.ref();
  return new Promise((resolve) => worker.once('exit', () => resolve()));
}
