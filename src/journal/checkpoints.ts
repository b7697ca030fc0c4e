/**
 * Moves the log into the tables while commits go on, in a thread of its own (`src/checkpoint.ts`): on the main thread some
 * thousand pages would hold everybody up for tens of milliseconds.
 *
 *     commit ──a second later──→ the thread copies what is committed ──the log is long──→ `finish` copies the rest, a few
 *                                                                                       pages, and the log begins anew
 *
 * A log begins anew only when all of it was copied, and the thread never sees the end of one that grows. Where the thread
 * fails, SQLite does the work at a commit, later.
 */
import { Worker } from 'node:worker_threads';
import type { Clock, Timer } from '../util/clock.ts';

/** From the thread: pages in the log; undefined when it could not be done. */
export interface CheckpointReply {
  readonly pages: number | undefined;
}

interface Options {
  /** The thread's code. */
  readonly script: URL;
  /** The file of the tables, given to the thread. */
  readonly path: string;
  readonly clock: Clock;
  /** Copies the rest, and throws nothing. */
  readonly finish: () => void;
}

/** Milliseconds from a commit until it is copied. */
const EVERY = 1_000;
/** Pages of a log that is to begin anew: 8 MiB. */
const LONG = 2_000;

export class Checkpoints {
  readonly #options: Options;
  #worker: Worker | undefined;
  #timer: Timer | undefined;
  #isRunning = false;
  /** Something was committed since the thread was asked. */
  #isOwed = false;
  #isClosed = false;

  constructor(options: Options) {
    this.#options = options;
  }

  committed(): void {
    this.#isOwed = true;
    if (!this.#isRunning && !this.#isClosed) this.#timer ??= this.#options.clock.after(EVERY, () => this.#go());
  }

  /** The thread lets go of its file, and the next one opens what is there then. Resolves when it has. */
  async release(): Promise<void> {
    const worker = this.#worker;
    if (!worker) return;
    this.#forget();
    const isGone = new Promise((resolve) => worker.once('exit', resolve));
    worker.postMessage('close');
    await isGone;
  }

  /** May be called twice. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#timer = undefined;
    await this.release();
  }

  #go(): void {
    this.#timer = undefined;
    this.#isOwed = false;
    this.#isRunning = true;
    this.#worker ??= this.#start();
    this.#worker.postMessage('go');
  }

  #start(): Worker {
    const { script, path } = this.#options;
    const worker = new Worker(script, { workerData: { path }, env: {}, stdin: false });
    worker.unref();
    worker.on('message', (reply: CheckpointReply) => this.#onReply(worker, reply));
    worker.on('error', () => this.#onGone(worker));
    worker.on('exit', () => this.#onGone(worker));
    return worker;
  }

  #onReply(worker: Worker, { pages = 0 }: CheckpointReply): void {
    if (this.#worker !== worker) return;
    this.#isRunning = false;
    if (pages >= LONG && !this.#isClosed) this.#options.finish();
    if (this.#isOwed) this.committed();
  }

  /** Started again for what is committed next. */
  #onGone(worker: Worker): void {
    if (this.#worker === worker) this.#forget();
  }

  #forget(): void {
    this.#worker = undefined;
    this.#isRunning = false;
    if (this.#isOwed) this.committed();
  }
}
