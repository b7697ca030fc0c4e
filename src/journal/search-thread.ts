/**
 * The full text in a thread of its own (`src/search.ts`): neither who searches nor what is taken in holds up anybody.
 * Of what is stored it takes in a slice a second while much is going on, and all of it once a second was quiet.
 */
import { Worker } from 'node:worker_threads';
import { RelayError } from '../protocol/codes.ts';
import type { Clock, Timer } from '../util/clock.ts';
import { ended } from '../util/threads.ts';
import type { TextFiles } from './full-text.ts';
import { type Ask, matchExpression, type Search } from './search.ts';

/** To the thread. */
export type SearchRequest =
  | { readonly type: 'find'; readonly id: number; readonly match: string; readonly ask: Ask }
  | { readonly type: 'catch-up'; readonly all: boolean }
  | { readonly type: 'close' };

/** From the thread. */
export type SearchReply =
  | { readonly type: 'found'; readonly id: number; readonly positions: readonly number[] }
  | { readonly type: 'failed'; readonly id: number; readonly reason: string }
  /** What it has taken in; undefined when it failed. */
  | { readonly type: 'done'; readonly position: number | undefined };

interface Options {
  /** The thread's code. */
  readonly script: URL;
  /** Given to the thread: the files of the tables and of the words. */
  readonly files: Omit<TextFiles, 'newest'>;
  readonly clock: Clock;
  /** The newest position at the start. */
  readonly newest: number;
}

interface Waiting {
  resolve(positions: readonly number[]): void;
  reject(error: RelayError): void;
}

/** Milliseconds. */
const EVERY = 1_000;

export class SearchThread implements Search {
  readonly #options: Options;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #timer: Timer | undefined;
  #lastId = 0;
  #newest: number;
  /** The newest position a second ago. */
  #before = 0;
  /** What the thread has taken in, as far as we know. */
  #done = 0;
  #isTaking = false;
  #wasStarted = false;
  /** It has to be asked again in any case: something was forgotten, or it failed. */
  #isOwed = false;
  #isClosed = false;

  constructor(options: Options) {
    this.#options = options;
    this.#newest = options.newest;
  }

  async find(ask: Ask): Promise<readonly number[]> {
    if (this.#isClosed) throw new RelayError('shutting_down');
    const match = matchExpression(ask);
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId;
      this.#waiting.set(id, { resolve, reject });
      this.#post({ type: 'find', id, match, ask });
    });
  }

  stored(position: number): void {
    if (position === this.#newest) return;
    this.#newest = position;
    this.#tickLater();
  }

  forgot(): void {
    this.#askAgain();
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#timer?.cancel();
    const worker = this.#worker;
    if (!worker) return;
    const isGone = ended(worker);
    this.#post({ type: 'close' });
    await isGone;
  }

  #tick(): void {
    this.#timer = undefined;
    const isQuiet = this.#newest === this.#before;
    this.#before = this.#newest;
    if (!this.#isTaking) {
      this.#isTaking = true;
      this.#isOwed = false;
      this.#post({ type: 'catch-up', all: isQuiet });
    }
    if (!isQuiet || this.#isOwed || this.#done < this.#newest) this.#tickLater();
  }

  #askAgain(): void {
    this.#isOwed = true;
    this.#tickLater();
  }

  #tickLater(): void {
    if (!this.#isClosed) this.#timer ??= this.#options.clock.after(EVERY, () => this.#tick());
  }

  #post(request: SearchRequest): void {
    this.#worker ??= this.#start();
    this.#worker.postMessage(request);
  }

  #start(): Worker {
    const { script, files, newest } = this.#options;
    const workerData: TextFiles = this.#wasStarted ? files : { ...files, newest };
    this.#wasStarted = true;
    const worker = new Worker(script, { workerData, env: {}, stdin: false });
    worker.unref();
    worker.on('message', (reply: SearchReply) => this.#onReply(reply));
    worker.on('error', (error) => this.#onGone(error));
    worker.on('exit', () => this.#onGone());
    return worker;
  }

  #onReply(reply: SearchReply): void {
    if (reply.type === 'done') {
      this.#isTaking = false;
      if (reply.position === undefined) this.#askAgain();
      else this.#done = reply.position;
      return;
    }
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (reply.type === 'found') waiting?.resolve(reply.positions);
    else waiting?.reject(new RelayError('internal', undefined, new Error(reply.reason)));
  }

  /** It is started again when it is asked again: by who searches next, or a second later. */
  #onGone(cause?: unknown): void {
    this.#worker = undefined;
    if (this.#isTaking) this.#askAgain();
    this.#isTaking = false;
    const error = this.#isClosed ? new RelayError('shutting_down') : new RelayError('internal', undefined, cause);
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
  }
}
