/** The tasks in a thread of their own: a gigabyte is read and checked while the relay answers as always. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { type Code, RelayError } from '../protocol/codes.ts';
import { Failure } from '../util/failure.ts';
import type { ExportOptions } from './export.ts';
import type { DataTasks } from './tasks.ts';
import type { Verified } from './verify.ts';

/** What is asked of the thread, as its `workerData`. */
export type Task = { readonly path: string } & (
  | { readonly do: 'copy'; readonly to: string }
  | { readonly do: 'verify' }
  | { readonly do: 'check' }
  | { readonly do: 'export'; readonly options: ExportOptions }
);

/** What it says. After a `piece` it waits for a message before it makes the next. */
export type Said =
  | { readonly kind: 'piece'; readonly text: string }
  | { readonly kind: 'done'; readonly value: unknown }
  | {
      readonly kind: 'failed';
      readonly message: string;
      readonly remedy?: string | undefined;
      /** Of a refusal. */
      readonly code?: Code | undefined;
    };

/** `script` is the bundled `data/main.ts`. */
export function workerTasks(path: string, script: string | URL): DataTasks {
  return {
    async copy(to) {
      await last(run(script, { do: 'copy', path, to }));
    },
    // The thread is this program's own: what it sends is what `main.ts` makes.
    verify: async () => (await last(run(script, { do: 'verify', path }))) as Verified,
    check: async () => (await last(run(script, { do: 'check', path }))) as string | undefined,
    export: (options) => run(script, { do: 'export', path, options }),
  };
}

/** The pieces; returns what the task answers. Whoever stops early ends the thread. */
async function* run(script: string | URL, task: Task): AsyncGenerator<string, unknown> {
  const worker = new Worker(script, { workerData: task, env: {}, stdin: false });
  const died = once(worker, 'exit').then(
    ([code]): Said => ({ kind: 'failed', message: `The thread ended with ${code}.` }),
  );
  // Told to whoever waits for the next message; nobody may be waiting yet.
  const failed = new Promise<Said>((resolve) => {
    worker.once('error', (error) => resolve({ kind: 'failed', message: error.message }));
  });
  try {
    for (;;) {
      const said: Said = await Promise.race([once(worker, 'message').then(([message]) => message), failed, died]);
      if (said.kind === 'failed') throw errorOf(said);
      if (said.kind === 'done') return said.value;
      yield said.text;
      worker.postMessage('next');
    }
  } finally {
    await worker.terminate();
  }
}

function errorOf({ code, message, remedy }: Said & { readonly kind: 'failed' }): Error {
  return code === undefined ? new Failure('error', message, remedy) : new RelayError(code, message);
}

async function last(pieces: AsyncGenerator<string, unknown>): Promise<unknown> {
  for (;;) {
    const { done, value } = await pieces.next();
    if (done) return value;
  }
}
