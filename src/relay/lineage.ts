/**
 * Which message made which: what each agent was given of late, and through whom it had come.
 *
 *     P ──→ A ──→ B ──→ C        A's message has come through [P, A], B's through [P, A, B]
 *           ↑     │
 *           └─────┘               B's answer to A takes the way back: what A writes next has come through [P, A]
 *
 * Nothing of it is said by a sender. In memory only: a restart of the relay begins anew.
 */
import { TIMES } from '../protocol/limits.ts';

/** What is known of one message. */
export interface Line {
  /** Sessions, the one that began first. The last one is who wrote it. */
  readonly path: readonly number[];
  /** Names the text, through all of its copies. */
  readonly text: string;
}

/** One message that an agent was given. */
export interface Gift {
  readonly position: number;
  /** Milliseconds. */
  readonly at: number;
}

/** Gifts of one agent that are remembered: a text that it copies is among its last. */
const GIFTS = 8;
/** Messages whose line is remembered, the newest. */
const LINES = 16_384;

export class Lineage {
  readonly #lines = new Map<number, Line>();
  readonly #gifts = new Map<number, readonly Gift[]>();

  gave(session: number, positions: readonly number[], now: number): void {
    const last = positions.slice(-GIFTS);
    const others = this.giftsOf(session, now).filter(({ position }) => !last.includes(position));
    this.#gifts.set(session, [...others, ...last.map((position) => ({ position, at: now }))].slice(-GIFTS));
  }

  /** The oldest first, none that is too long ago to be a cause. */
  giftsOf(session: number, now: number): readonly Gift[] {
    return (this.#gifts.get(session) ?? []).filter(({ at }) => now - at < TIMES.cause);
  }

  note(position: number, line: Line): void {
    this.#lines.set(position, line);
    for (const oldest of this.#lines.keys()) {
      if (this.#lines.size <= LINES) break;
      this.#lines.delete(oldest);
    }
  }

  lineOf(position: number): Line | undefined {
    return this.#lines.get(position);
  }

  sweep(now: number): void {
    for (const session of this.#gifts.keys()) if (this.giftsOf(session, now).length === 0) this.#gifts.delete(session);
  }
}

/** The way of what `session` writes because of a message that came by `path`. */
export function through(path: readonly number[], session: number): readonly number[] {
  const before = path.indexOf(session);
  return before < 0 ? [...path, session] : path.slice(0, before + 1);
}
