/** A wait that can be shortened while it runs. */
import type { Clock, Timer } from '../util/clock.ts';

export class Pause {
  /** Resolves at its end, or as soon as the signal aborts. */
  readonly over: Promise<void>;
  readonly #clock: Clock;
  #end: number;
  #timer: Timer;
  #resolve: () => void = () => {};

  constructor(clock: Clock, ms: number, signal: AbortSignal) {
    this.#clock = clock;
    this.#end = clock.monotonic() + ms;
    const onAbort = () => this.#finish();
    this.over = new Promise((resolve) => {
      this.#resolve = () => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
    });
    this.#timer = clock.after(ms, () => this.#finish());
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) this.#finish();
  }

  /** Ends `ms` from now, if that is sooner. */
  shorten(ms: number): void {
    const end = this.#clock.monotonic() + ms;
    if (end >= this.#end) return;
    this.#end = end;
    this.#timer.cancel();
    this.#timer = this.#clock.after(ms, () => this.#finish());
  }

  #finish(): void {
    this.#timer.cancel();
    this.#resolve();
  }
}
