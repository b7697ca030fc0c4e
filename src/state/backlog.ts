/**
 * How much group mail each session has yet to be handed, counted once and then as it comes and goes, in memory: it is asked
 * with every delivery, and to count a long backlog each time would hold up everybody. (Direct mail is counted in the
 * session's row.)
 */

export interface Counted {
  readonly count: number;
  /** What came after this position is not among it. */
  readonly upTo: number;
}

/** Sessions; beyond it who was counted first is counted again. */
const MOST = 20_000;

export class Backlog {
  readonly #counts = new Map<number, Counted>();

  of(session: number): Counted | undefined {
    return this.#counts.get(session);
  }

  count(session: number, counted: Counted): void {
    const isNew = !this.#counts.has(session);
    if (isNew && this.#counts.size >= MOST) this.#forgetOldest();
    this.#counts.set(session, counted);
  }

  /** These were handed to it, or have ended. */
  left(session: number, positions: readonly number[]): void {
    const before = this.#counts.get(session);
    const gone = before ? positions.filter((position) => position <= before.upTo).length : 0;
    if (before && gone > 0) this.#counts.set(session, { ...before, count: before.count - gone });
  }

  clear(): void {
    this.#counts.clear();
  }

  #forgetOldest(): void {
    const [oldest] = this.#counts.keys();
    if (oldest !== undefined) this.#counts.delete(oldest);
  }
}
