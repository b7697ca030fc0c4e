/** Time and turns of the event loop as the schedule gives them: nothing waits for the machine that it runs on. */
import { FakeClock } from '../../../support/fake-clock.ts';

export class SimClock extends FakeClock {
  #due: (() => void)[] = [];

  override soon(call: () => void): void {
    this.#due.push(call);
  }

  /** Moves time; after every timer, and at the end, whatever waits for promises or for a turn has its way, until nothing does. */
  pass(ms: number): Promise<void> {
    return this.run(ms, () => this.#settled());
  }

  async #settled(): Promise<void> {
    await promises();
    while (this.#due.length > 0) {
      for (const call of this.#due.splice(0)) call();
      await promises();
    }
  }
}

/** Node calls what `nextTick` was given when no promise has anything left to do. A turn of the event loop would cost ten times as much. */
function promises(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}
