/** A plugin is a guest: whatever goes wrong in it is its own affair, and costs a message its way at most, not its host. */
import type { Clock } from '../util/clock.ts';

export function quietly<Args extends readonly unknown[]>(
  work: (...args: Args) => unknown,
): (...args: Args) => Promise<void> {
  return async (...args) => {
    try {
      await work(...args);
    } catch {
      // See above. There is no log: the terminal is the host's.
    }
  };
}

/** What came of it, unless it takes longer than `ms`: then undefined. Rejects as it does. */
export function within<T>(clock: Clock, ms: number, work: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(ms, () => resolve(undefined));
    work.then(resolve, reject).finally(() => timer.cancel());
  });
}
