/** Mail that nobody has been shown: since when it is known here, what is in its way, and whether its sender was told. */
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
  isTold: boolean;
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
      messages.map(({ id, position, priority }) => [
        id,
        this.#known.get(id) ?? { position, since, priority, isTold: false },
      ]),
    );
    if (messages.length === 0) this.#obstacle = undefined;
  }

  because(obstacle: Obstacle): void {
    this.#obstacle = obstacle;
  }

  /** Positions that wait for longer than so many milliseconds and whose sender was not told. Asking is telling. Quiet mail is meant to wait. */
  untold(ms: number): readonly number[] {
    const now = this.#clock.monotonic();
    const found = [...this.#known.values()].filter(
      (each) => !each.isTold && each.priority !== 'quiet' && now - each.since >= ms,
    );
    for (const each of found) each.isTold = true;
    return found.map(({ position }) => position);
  }
}
