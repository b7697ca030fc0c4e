/**
 * How much mail each session has yet to be handed, counted once and then as it comes and goes, in memory: it is asked with
 * every send and every delivery, and to count a long backlog each time would hold up everybody. No table has these figures,
 * so none can be wrong there.
 */

/** Mail to groups. */
export interface Counted {
  readonly count: number;
  /** What came after this position is not among it. */
  readonly upTo: number;
}

/** Mail to the session itself. */
export interface Waiting {
  readonly count: number;
  /** Of the bodies. */
  readonly bytes: number;
}

/** Sessions; beyond it who was counted first is counted again. */
const MOST = 20_000;

export class Backlog {
  readonly #group = new Oldest<Counted>();
  readonly #direct = new Oldest<Waiting>();

  /** Undefined, here and below: to be counted. */
  group(session: number): Counted | undefined {
    return this.#group.get(session);
  }

  direct(session: number): Waiting | undefined {
    return this.#direct.get(session);
  }

  countGroup(session: number, counted: Counted): void {
    this.#group.set(session, counted);
  }

  countDirect(session: number, waiting: Waiting): void {
    this.#direct.set(session, waiting);
  }

  /** One more was sent to it itself. */
  came(session: number, bytes: number): void {
    this.#moved(session, 1, bytes);
  }

  /** So many of those were handed to it, or have ended. */
  wentDirect(session: number, gone: Waiting): void {
    if (gone.count > 0) this.#moved(session, -gone.count, -gone.bytes);
  }

  /** These came by groups, and were handed to it or have ended. */
  wentGroup(session: number, positions: readonly number[]): void {
    const before = this.#group.get(session);
    const gone = before ? positions.filter((position) => position <= before.upTo).length : 0;
    if (before && gone > 0) this.#group.set(session, { ...before, count: before.count - gone });
  }

  clear(): void {
    this.#group.clear();
    this.#direct.clear();
  }

  #moved(session: number, count: number, bytes: number): void {
    const before = this.#direct.get(session);
    if (before) this.#direct.set(session, { count: before.count + count, bytes: before.bytes + bytes });
  }
}

/** Forgets what was there first when there is too much. */
class Oldest<T> extends Map<number, T> {
  override set(session: number, value: T): this {
    const [oldest] = this.size >= MOST && !this.has(session) ? this.keys() : [];
    if (oldest !== undefined) this.delete(oldest);
    return super.set(session, value);
  }
}
