/** How often a session may be woken: so many turns an hour, over a sliding hour. A loop of two that answer each other ends here. */
import type { Clock } from '../util/clock.ts';

const HOUR = 3_600_000;

export class Budget {
  readonly limit: number;
  readonly #clock: Clock;
  /** Milliseconds, monotonic: when it was woken, the oldest first. */
  #wakes: number[] = [];
  #last = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, limit: number) {
    this.#clock = clock;
    this.limit = limit;
  }

  /** Milliseconds until the next wake is allowed; 0 when it is now. */
  wait(): number {
    if (this.limit === 0) return HOUR;
    const now = this.#clock.monotonic();
    this.#wakes = this.#wakes.filter((at) => now - at < HOUR);
    const [oldest] = this.#wakes;
    return this.#wakes.length < this.limit || oldest === undefined ? 0 : oldest + HOUR - now;
  }

  /** Milliseconds since the last wake; infinite when there was none. */
  get ago(): number {
    return this.#clock.monotonic() - this.#last;
  }

  spend(): void {
    this.#last = this.#clock.monotonic();
    this.#wakes.push(this.#last);
  }

  /** The person of the session has spoken: what was spent before was not a loop. */
  refill(): void {
    this.#wakes = [];
  }
}
