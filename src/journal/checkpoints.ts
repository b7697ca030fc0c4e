/**
 * Moves the log into the tables while commits go on, in a thread of its own (`src/checkpoint.ts`): on the main thread some
 * thousand pages would hold everybody up for tens of milliseconds.
 *
 *     commit ──5 s later, or 1 s ──→ the thread copies what is committed ──the log is long──→ `finish` copies the rest,
 *              and a thousand more                                                          a few pages; it begins anew
 *
 * Not more often: its syncs and those of commits wait for each other.
 *
 * A log begins anew only when all of it was copied, and the thread never sees the end of one that grows. Where the thread
 * fails, `onFailed` says so, and the main thread copies; what neither could, SQLite does at a commit, later.
 */
import { Worker } from 'node:worker_threads';
import type { Clock, Timer } from '../util/clock.ts';
import { reason } from '../util/failure.ts';
import { ended } from '../util/threads.ts';

/** From the thread: pages in the log, or why it could not be copied. */
export type CheckpointReply = { readonly pages: number } | { readonly failed: string };

interface Options {
  /** The thread's code. */
  readonly script: URL;
  /** The file of the tables, given to the thread. */
  readonly path: string;
  readonly clock: Clock;
  /** Copies the rest, and throws nothing. */
  readonly finish: () => void;
  /** As `finish`, and leaves no bytes in the log; false when somebody reads it. */
  readonly empty: () => boolean;
  /** The thread could not do it, once or any more. */
  readonly onFailed: (reason: string) => void;
}

/** Milliseconds from a commit until it is looked whether there were many; and so often before it is copied all the same. */
const LOOK = 1_000;
const LOOKS = 5;
/** Commits. */
const MANY = 1_000;
/** Pages of a log that is to begin anew: 8 MiB. */
const LONG = 2_000;

export class Checkpoints {
  readonly #options: Options;
  #worker: Worker | undefined;
  #timer: Timer | undefined;
  #isRunning = false;
  /** Commits since the thread was asked. */
  #owed = 0;
  #looks = 0;
  /** The log may have what was forgotten. */
  #isStale = false;
  #isClosed = false;

  constructor(options: Options) {
    this.#options = options;
  }

  committed(): void {
    this.#owed += 1;
    this.#ask();
  }

  /** With a commit: what it forgot is in the log, behind what is written there later. */
  forgot(): void {
    this.#isStale = true;
  }

  /** The thread lets go of its file, and the next one opens what is there then. Resolves when it has. */
  async release(): Promise<void> {
    const worker = this.#worker;
    if (!worker) return;
    this.#forget();
    const isGone = ended(worker);
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

  #ask(): void {
    if (this.#owed === 0 || this.#isRunning || this.#isClosed) return;
    this.#timer ??= this.#options.clock.after(LOOK, () => this.#look());
  }

  #look(): void {
    this.#timer = undefined;
    this.#looks += 1;
    if (this.#owed >= MANY || this.#looks >= LOOKS) this.#go();
    else this.#ask();
  }

  #go(): void {
    this.#owed = 0;
    this.#looks = 0;
    this.#isRunning = true;
    this.#worker ??= this.#start();
    this.#worker.postMessage('go');
  }

  #start(): Worker {
    const { script, path } = this.#options;
    const worker = new Worker(script, { workerData: { path }, env: {}, stdin: false });
    worker.unref();
    worker.on('message', (reply: CheckpointReply) => this.#onReply(worker, reply));
    worker.on('error', (error) => this.#onGone(worker, reason(error)));
    worker.on('exit', (code) => this.#onGone(worker, `the thread ended with ${code}`));
    return worker;
  }

  #onReply(worker: Worker, reply: CheckpointReply): void {
    if (this.#worker !== worker) return;
    this.#isRunning = false;
    if ('failed' in reply) this.#options.onFailed(reply.failed);
    else if (!this.#isClosed) this.#begin(reply.pages);
    this.#ask();
  }

  /** The log begins anew when it has to, and somebody who reads it may keep it from that: then it is tried again. */
  #begin(pages: number): void {
    if (this.#isStale) {
      this.#isStale = !this.#options.empty();
      if (this.#isStale) this.#owed += 1;
    } else if (pages >= LONG) this.#options.finish();
  }

  /** Started again for what is committed next. */
  #onGone(worker: Worker, why: string): void {
    if (this.#worker !== worker) return;
    this.#options.onFailed(why);
    this.#forget();
  }

  #forget(): void {
    this.#worker = undefined;
    this.#isRunning = false;
    this.#ask();
  }
}
