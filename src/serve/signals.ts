/**
 * How the process ends.
 *
 *     running ──SIGTERM, SIGINT──→ stopping ──everything given back──→ exit 0
 *        │                            ├──2.5 s──→ exit 0   (what was answered is on disk)
 *        │                            └──another signal──→ exit 128 + its number, at once
 *        └──an error that nobody caught──→ logged, exit 1: never half alive
 */
import { constants } from 'node:os';
import type { Log } from '../relay/log.ts';
import { systemClock } from '../util/clock.ts';

/** Whoever stops us waits 3 s before anything harder; milliseconds. */
const HARD_LIMIT = 2_500;

type Signal = 'SIGTERM' | 'SIGINT';

export interface Ending {
  /** Resolves at the first signal. */
  readonly asked: Promise<void>;
}

export function endOnSignals(log: Log): Ending {
  let wasAsked = false;
  const asked = new Promise<void>((resolve) => {
    const onSignal = (signal: Signal): void => {
      if (wasAsked) process.exit(128 + constants.signals[signal]);
      wasAsked = true;
      log.info({ signal }, 'stopping');
      systemClock.after(HARD_LIMIT, onOverdue);
      resolve();
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
  const onOverdue = (): void => {
    log.warn({}, 'somebody did not let go in time');
    process.exit(0);
  };
  const onUncaught = (error: unknown): void => {
    log.error({ error }, 'an error that nobody caught');
    process.exit(1);
  };
  process.on('uncaughtException', onUncaught);
  process.on('unhandledRejection', onUncaught);
  return { asked };
}
