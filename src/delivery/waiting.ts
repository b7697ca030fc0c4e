/** Mail that nobody has been shown: since when it is known here, and what is in its way. */
import type { Envelope } from '../protocol/envelope.ts';
import type { Clock } from '../util/clock.ts';
import type { Pace } from './gate.ts';
import { astray } from './stray.ts';

/** Why mail does not go in now. */
export type Obstacle =
  | 'no door'
  | 'quiet'
  | 'at work'
  | 'budget'
  | 'burst'
  | { readonly door: string; readonly reason: string };

interface Known {
  readonly position: number;
  /** Milliseconds, monotonic. */
  readonly since: number;
  readonly priority: Envelope['priority'];
}

export class Waiting {
  readonly #clock: Clock;
  #known = new Map<string, Known>();
  #obstacle: Obstacle | undefined;
  /** Milliseconds, monotonic: when something came last, and when something had come before that. */
  #cameAt = Number.NEGATIVE_INFINITY;
  #cameBefore = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get isEmpty(): boolean {
    return this.#known.size === 0;
  }

  get obstacle(): Obstacle | undefined {
    return this.#obstacle;
  }

  /** Milliseconds that the first of them is known; 0 for none. */
  get longest(): number {
    const now = this.#clock.monotonic();
    return Math.max(0, ...[...this.#known.values()].map(({ since }) => now - since));
  }

  /** Milliseconds since something came last, and between that and what had come before it; infinite for none. */
  get pace(): Pace {
    return { calm: this.#clock.monotonic() - this.#cameAt, spacing: this.#cameAt - this.#cameBefore };
  }

  /** May anything of it go in between two tool calls? */
  get isUrgent(): boolean {
    return [...this.#known.values()].some(({ priority }) => priority === 'urgent');
  }

  /** May anything of it begin a turn, or keep one going? */
  get isWaking(): boolean {
    return [...this.#known.values()].some(({ priority }) => priority !== 'quiet');
  }

  /** This is what is waiting now. */
  update(messages: readonly Envelope[]): void {
    const since = this.#clock.monotonic();
    if (messages.some(({ id }) => !this.#known.has(id))) {
      this.#cameBefore = this.#cameAt;
      this.#cameAt = since;
    }
    this.#known = new Map(
      messages.map(({ id, position, priority }) => [
        id,
        { position, since: this.#known.get(id)?.since ?? since, priority },
      ]),
    );
    if (messages.length === 0) this.#obstacle = undefined;
  }

  /** The positions are other envelopes' now; the next look tells the present ones. */
  forget(): void {
    this.#known = new Map([...this.#known].map(([id, known]) => [id, astray(known)]));
  }

  because(obstacle: Obstacle): void {
    this.#obstacle = obstacle;
  }

  /** What waits for so many milliseconds or more, by id, with its position. Not quiet mail, which is meant to wait. */
  overdue(ms: number): ReadonlyMap<string, number> {
    const now = this.#clock.monotonic();
    const found = [...this.#known].filter(([, { priority, since }]) => priority !== 'quiet' && now - since >= ms);
    return new Map(found.map(([id, { position }]) => [id, position]));
  }
}
