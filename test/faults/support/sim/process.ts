/** One process of the simulated machine: it can die between any two things that it does, and then does nothing any more. */
import type { Clock, Timer } from '../../../../src/util/clock.ts';

export class Life {
  readonly #clock: Clock;
  #isOver = false;
  #endings: (() => void)[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** `kill -9`: its timers never fire again, and what it had open the system closes. */
  end(): void {
    this.#isOver = true;
    for (const ending of this.#endings.splice(0)) ending();
  }

  onEnd(ending: () => void): void {
    this.#endings.push(ending);
  }

  /** The clock as this process sees it. */
  get clock(): Clock {
    const guarded = (call: () => void) => () => {
      if (!this.#isOver) call();
    };
    return {
      now: () => this.#clock.now(),
      monotonic: () => this.#clock.monotonic(),
      after: (ms, call): Timer => this.#clock.after(ms, guarded(call)),
      every: (ms, call): Timer => this.#clock.every(ms, guarded(call)),
      soon: (call) => this.#clock.soon(guarded(call)),
    };
  }
}
