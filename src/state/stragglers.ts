/**
 * Who leaves one envelope unread and takes all that come later (a script that only takes answers, say) keeps its cursor
 * back, and its inbox would be looked through from there each time. So it is remembered, in memory, which few are left.
 *
 *     cursor │ unread · done · done · … · done · unread · done │ until: from here on it is looked
 *              └──────────── stragglers ───────────┘
 *
 * For each session and each interval of a channel that it follows. It is no more than the tables say: who forgets it looks
 * again.
 */
import type { Interval } from './roster.ts';

export interface Bounds {
  /** Positions that are looked through again and again before it is worth it. */
  readonly least: number;
  /** Stragglers of an interval: who has more has an inbox. */
  readonly most: number;
}

export interface Known {
  /** Unhanded, oldest first. */
  readonly positions: readonly number[];
  /** Up to here there are no others. */
  readonly until: number;
}

interface Entry extends Known {
  /** After this position. */
  readonly after: number;
}

const BOUNDS: Bounds = { least: 2_048, most: 64 };
/** Intervals, and as many that had too many: some 200 bytes each. */
const MOST_ENTRIES = 10_000;
const NONE: readonly number[] = [];

export class Stragglers {
  readonly #bounds: Bounds;
  readonly #entries = new Map<number, Map<string, Entry>>();
  /** Session and interval → the newest position when it had too many. */
  readonly #vain = new Map<string, number>();
  #count = 0;

  constructor(bounds = BOUNDS) {
    this.#bounds = bounds;
  }

  /** What is known of an interval after a position. */
  of(session: number, interval: Interval, after: number): Known {
    const entry = this.#entries.get(session)?.get(keyOf(interval));
    if (!entry || after < entry.after || after > entry.until) return { positions: NONE, until: after };
    return { positions: entry.positions.filter((position) => position > after), until: entry.until };
  }

  /** Is it worth it to find all from there to the newest? Then at most so many may be found. */
  wanted(session: number, interval: Interval, { positions, until }: Known, newest: number): number | undefined {
    const { least, most } = this.#bounds;
    if (newest - until <= least) return undefined;
    const vain = this.#vain.get(`${session} ${keyOf(interval)}`);
    return vain !== undefined && newest - vain <= least ? undefined : most - positions.length;
  }

  /** These are all after a position, if they are not too many. */
  learn(session: number, interval: Interval, entry: Entry): void {
    const key = keyOf(interval);
    if (entry.positions.length > this.#bounds.most) return this.#learnVain(`${session} ${key}`, entry.until);
    const isNew = !this.#entries.get(session)?.has(key);
    if (isNew && this.#count >= MOST_ENTRIES) this.#forgetOldest();
    if (isNew) this.#count += 1;
    const entries = this.#entries.get(session) ?? new Map<string, Entry>();
    this.#entries.set(session, entries.set(key, entry));
  }

  /** It has a receipt row now. */
  done(session: number, position: number): void {
    const entries = this.#entries.get(session);
    if (!entries) return;
    for (const [key, entry] of entries)
      if (entry.positions.includes(position))
        entries.set(key, { ...entry, positions: entry.positions.filter((each) => each !== position) });
  }

  clear(): void {
    this.#entries.clear();
    this.#vain.clear();
    this.#count = 0;
  }

  #learnVain(key: string, newest: number): void {
    const [oldest] = this.#vain.keys();
    if (oldest !== undefined && !this.#vain.has(key) && this.#vain.size >= MOST_ENTRIES) this.#vain.delete(oldest);
    this.#vain.set(key, newest);
  }

  /** Of the session that was learned of first. */
  #forgetOldest(): void {
    const [first] = this.#entries;
    const [oldest] = first?.[1].keys() ?? [];
    if (!first || oldest === undefined) return;
    const [session, entries] = first;
    entries.delete(oldest);
    if (entries.size === 0) this.#entries.delete(session);
    this.#count -= 1;
  }
}

function keyOf({ channel, since }: Interval): string {
  return `${channel} ${since}`;
}
