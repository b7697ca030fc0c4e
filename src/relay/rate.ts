/** How often something happened of late, by key: so many within so long. */

/** Beyond so many keys, those that are over are looked for. */
const SWEEP_AT = 1_024;

export class Rate {
  readonly #limit: number;
  readonly #span: number;
  /** Milliseconds, the oldest first. */
  readonly #times = new Map<string, number[]>();
  #sweepAt = SWEEP_AT;

  constructor(limit: number, span: number) {
    this.#limit = limit;
    this.#span = span;
  }

  /** Milliseconds until once more is allowed; 0 when it is now. */
  wait(key: string, now: number): number {
    const times = this.#recent(key, now);
    const [oldest] = times;
    return times.length < this.#limit || oldest === undefined ? 0 : oldest + this.#span - now;
  }

  note(key: string, now: number): void {
    const times = this.#recent(key, now);
    times.push(now);
    this.#times.set(key, times);
    if (this.#times.size > this.#sweepAt) this.#sweep(now);
  }

  get size(): number {
    return this.#times.size;
  }

  #recent(key: string, now: number): number[] {
    return (this.#times.get(key) ?? []).filter((at) => now - at < this.#span);
  }

  #sweep(now: number): void {
    for (const key of this.#times.keys()) if (this.#recent(key, now).length === 0) this.#times.delete(key);
    this.#sweepAt = Math.max(SWEEP_AT, 2 * this.#times.size);
  }
}
