/**
 * Walks through a long history, for everybody who waits for one: one step a turn of the event loop, one walk after the other. However
 * many there are, everybody else waits for one step.
 */
import { RelayError } from '../protocol/codes.ts';
import type { Clock } from '../util/clock.ts';

export class Walks {
  readonly #clock: Pick<Clock, 'soon'>;
  /** In the order in which they take their next step. */
  readonly #waiting: (() => void)[] = [];
  /** The step of this turn was given away. */
  #isTaken = false;

  constructor(clock: Pick<Clock, 'soon'>) {
    this.#clock = clock;
  }

  /** What the steps come to. Rejects with what one of them throws, and when the caller is gone. */
  async run<T>(steps: Generator<undefined, T>, signal: AbortSignal): Promise<T> {
    for (;;) {
      await this.#turn();
      if (signal.aborted) throw isGone();
      const { done, value } = steps.next();
      if (done) return value;
    }
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      if (!this.#isTaken) this.#next();
    });
  }

  #next(): void {
    const step = this.#waiting.shift();
    this.#isTaken = step !== undefined;
    if (!step) return;
    this.#clock.soon(() => this.#next());
    step();
  }
}

/** Not `shutting_down`: that would end a connection on which other answers are under way. */
export function isGone(): RelayError {
  return new RelayError('timeout', 'Nobody waited for it any more, or the relay is going down.');
}
