/** Token buckets by key: so much at once, and so much a second in the long run. */

/** Beyond so many keys, those that are full again are looked for. */
const SWEEP_AT = 1_024;

interface Bucket {
  /** What was left at that time, milliseconds. */
  left: number;
  at: number;
}

export class Buckets {
  readonly #most: number;
  readonly #perMillisecond: number;
  readonly #buckets = new Map<string, Bucket>();
  #sweepAt = SWEEP_AT;

  constructor({ burst, perSecond }: { readonly burst: number; readonly perSecond: number }) {
    this.#most = burst;
    this.#perMillisecond = perSecond / 1000;
  }

  /** Keys that are remembered. */
  get size(): number {
    return this.#buckets.size;
  }

  /** Takes one, at that time in milliseconds. False when there is none. */
  take(key: string, now: number): boolean {
    const bucket = this.#buckets.get(key) ?? this.#make(key, now);
    bucket.left = this.#leftOf(bucket, now);
    bucket.at = now;
    if (bucket.left < 1) return false;
    bucket.left -= 1;
    return true;
  }

  #make(key: string, now: number): Bucket {
    if (this.#buckets.size >= this.#sweepAt) this.#sweep(now);
    const made = { left: this.#most, at: now };
    this.#buckets.set(key, made);
    return made;
  }

  #leftOf({ left, at }: Bucket, now: number): number {
    return Math.min(this.#most, left + (now - at) * this.#perMillisecond);
  }

  /** A full one is as good as none. */
  #sweep(now: number): void {
    for (const [key, bucket] of this.#buckets) if (this.#leftOf(bucket, now) >= this.#most) this.#buckets.delete(key);
    this.#sweepAt = Math.max(SWEEP_AT, 2 * this.#buckets.size);
  }
}
