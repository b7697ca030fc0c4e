/** Mail that nobody has been shown: since when it is known here, and what is in its way. */
import type { Envelope } from '../protocol/envelope.ts';
import type { Clock } from '../util/clock.ts';

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
    this.#known = new Map(
      messages.map(({ id, position, priority }) => [id, this.#known.get(id) ?? { position, since, priority }]),
    );
    if (messages.length === 0) this.#obstacle = undefined;
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
