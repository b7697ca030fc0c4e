/**
 * When to try to connect again: 0.25 s doubling to 30 s, with full jitter, and never more than one try a second after
 * the first retry, however short the connections in between were. Full jitter spreads a thousand clients that lost
 * their relay in the same moment.
 */
import type { Clock } from '../util/clock.ts';
import type { Random } from '../util/random.ts';

const FIRST_MS = 250;
const LONGEST_MS = 30_000;
/** Between two tries, once the first quick retry is used up. */
const SPACING_MS = 1_000;
/** A quarter of a second of jitter on the spacing too, or all would come in the same millisecond of each second. */
const SPREAD_MS = 250;
/** A connection that lived this long counts as one that works. */
const STABLE_MS = 10_000;

export class Backoff {
  readonly #clock: Clock;
  readonly #random: Random;
  #failures = 0;
  #triedAt = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** A try begins. */
  trying(): void {
    this.#triedAt = this.#clock.monotonic();
  }

  /** A connection ended that was up for so long. */
  ended(livedMs: number): void {
    if (livedMs >= STABLE_MS) this.#failures = 0;
  }

  /** Whole milliseconds to wait before the next try; each call counts as one failure. */
  next(): number {
    return Math.ceil(this.#draw());
  }

  /** Milliseconds until a try is allowed that somebody waits for. */
  soonest(): number {
    return this.#spacing();
  }

  #draw(): number {
    const longest = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(this.#failures, 16));
    const delay = this.#random.fraction() * longest;
    this.#failures += 1;
    if (this.#failures === 1) return delay;
    return Math.max(delay, this.#spacing() + this.#random.fraction() * SPREAD_MS);
  }

  #spacing(): number {
    return Math.max(0, this.#triedAt + SPACING_MS - this.#clock.monotonic());
  }
}
