/**
 * Waits for mail to sessions that are not running and may be woken. The relay says when there is some; that a session has
 * ended, or may be woken now, is looked for on this machine.
 */
import { conversations } from '../config/conversations.ts';
import { RelayError } from '../protocol/codes.ts';
import { type Clock, sleep } from '../util/clock.ts';
import { policyFor } from './policy.ts';
import type { Waker } from './waker.ts';

export interface WatchOptions {
  readonly home: string;
  readonly waker: Pick<Waker, 'takeUp' | 'consider'>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Calls whenever there may be mail for that name, once at the beginning; returns what ends it. May throw a RelayError. */
  readonly listen: (name: string, onNews: () => void) => () => void;
  readonly warn: (what: string) => void;
}

/** Between two looks at what tells nobody. Milliseconds. */
const LOOK_EVERY = 2_000;

export class Watch {
  readonly #options: WatchOptions;
  /** Ends the listening, by name. */
  readonly #listening = new Map<string, () => void>();
  readonly #news = new Set<string>();
  /** What is in the way at the relay, by name: said once. */
  readonly #warned = new Map<string, string>();

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  /** Until the signal. Then a run that is under way has been ended, and its sender told. */
  async run(): Promise<void> {
    const { signal, clock } = this.#options;
    while (!signal.aborted) {
      await this.#listen();
      await this.#round();
      // Cut short by the signal: the loop sees it.
      await sleep(clock, LOOK_EVERY, signal).catch(() => undefined);
    }
    for (const stop of this.#listening.values()) stop();
  }

  /** One after the other. */
  async #round(): Promise<void> {
    const { waker, signal } = this.#options;
    if (!(await this.#asked('', () => waker.takeUp()))) return;
    for (const name of [...this.#news]) {
      if (signal.aborted) return;
      this.#news.delete(name);
      const considered = await this.#asked(name, () => waker.consider(name));
      if (considered !== 'idle') this.#news.add(name);
    }
  }

  async #listen(): Promise<void> {
    const { home, clock, listen } = this.#options;
    const allowed = conversations(home).filter((each) => policyFor(home, each, clock.now()).isAllowed);
    const names = new Set(allowed.map(({ name }) => name));
    for (const [name, stop] of this.#listening) {
      if (names.has(name)) continue;
      stop();
      this.#listening.delete(name);
    }
    for (const name of names) {
      if (this.#listening.has(name)) continue;
      const stop = await this.#asked(name, async () => listen(name, () => void this.#news.add(name)));
      if (stop) this.#listening.set(name, stop);
    }
  }

  /** A relay that is away, or does not know us, is asked again; said once. Undefined then. */
  async #asked<T>(name: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      const done = await work();
      this.#warned.delete(name);
      return done;
    } catch (error) {
      if (!(error instanceof RelayError)) throw error;
      if (this.#warned.get(name) !== error.message) this.#options.warn(error.message);
      this.#warned.set(name, error.message);
      return undefined;
    }
  }
}
