/**
 * What a relay does by itself, at some time or because of something that was stored, finds nobody to tell when the disk cannot be read:
 * it is logged, and ends nothing. The journal knows that its storage failed, and whoever listens is woken when it works again.
 * A fault of ours ends the process all the same.
 */
import { RelayError } from '../protocol/codes.ts';
import type { Clock } from '../util/clock.ts';
import type { Log } from './log.ts';

export function bear(log: Log, act: () => void): void {
  try {
    act();
  } catch (error) {
    if (!(error instanceof RelayError) || (error.code !== 'storage_failed' && error.code !== 'storage_full'))
      throw error;
    log.error({ error }, 'the disk could not be read, and what was to be done then was not');
  }
}

/** The clock, for timers that read the store. */
export function bearing(clock: Clock, log: Log): Clock {
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    after: (ms, call) => clock.after(ms, () => bear(log, call)),
    every: (ms, call) => clock.every(ms, () => bear(log, call)),
    soon: (call) => clock.soon(() => bear(log, call)),
  };
}
