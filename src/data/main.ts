/** The thread of `worker.ts`: does one task, and says what came of it. */
import { once } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';
import { asDamage } from '../journal/damage.ts';
import { RelayError } from '../protocol/codes.ts';
import { Failure, reason } from '../util/failure.ts';
import { checkData } from './check.ts';
import { copyData } from './copy.ts';
import { exportText } from './export.ts';
import { readingOn } from './reading.ts';
import { verifyData } from './verify.ts';
import type { Said, Task } from './worker.ts';

async function perform(task: Task): Promise<unknown> {
  switch (task.do) {
    case 'copy':
      return copyData(task.path, task.to);
    case 'verify':
      return verifyData(task.path);
    case 'check':
      return checkData(task.path);
    case 'export':
      for await (const text of readingOn(task.path, (store) => exportText(store, task.options))) {
        say({ kind: 'piece', text });
        if (parentPort) await once(parentPort, 'message');
      }
      return undefined;
    default:
      return task satisfies never;
  }
}

function say(said: Said): void {
  parentPort?.postMessage(said);
}

try {
  say({ kind: 'done', value: await perform(workerData) });
} catch (error) {
  const told = asDamage(error);
  const code = told instanceof RelayError ? told.code : undefined;
  say({ kind: 'failed', code, message: reason(told), remedy: told instanceof Failure ? told.remedy : undefined });
}
