/**
 * Taking mail on a command line.
 *
 *     taken (claimed for a minute) ──printed, flushed──→ receipt `seen`
 *                    └──the reader of our stdout is gone, we are killed──→ given again, marked
 */
import { RelayError } from '../protocol/codes.ts';
import type { Envelope } from '../protocol/envelope.ts';
import type { Args, ReceiveResult } from '../protocol/verbs.ts';
import { type Clock, sleep, systemClock } from '../util/clock.ts';
import type { Output } from './output.ts';
import type { RelayAccess } from './relay.ts';

/** Seconds that a command may be told to wait: a day. */
export const MAX_WAIT = 86_400;
/** Of one request: well below the minute that the relay holds for us what we took. Seconds. */
const LONGEST_POLL = 25;
/** Before a relay that went away is asked again, milliseconds. */
const AGAIN_MS = 500;

interface Patience {
  /** 0: only what is there. */
  readonly seconds: number;
  readonly signal: AbortSignal;
  readonly clock?: Clock;
}

type Wanted = Omit<Args<'receive'>, 'wait_seconds' | 'receipt'>;

const NOTHING: ReceiveResult = { messages: [], more: 0 };

/**
 * Takes what is there, or else the first that comes in time; nothing when the time is over or the signal aborts. A relay
 * that was there once and is restarted is waited for, too; after the time its absence is the error.
 */
export function takeWithin(relay: RelayAccess, wanted: Wanted, patience: Patience): Promise<ReceiveResult> {
  return poll(relay, wanted, patience);
}

async function poll(
  relay: RelayAccess,
  wanted: Wanted,
  { seconds, signal, clock = systemClock }: Patience,
): Promise<ReceiveResult> {
  const end = clock.monotonic() + seconds * 1000;
  let wasThere = false;
  for (;;) {
    const left = Math.ceil((end - clock.monotonic()) / 1000);
    try {
      const wait = Math.max(0, Math.min(left, LONGEST_POLL));
      const result = await relay.ask('receive', { ...wanted, wait_seconds: wait }, { signal });
      wasThere = true;
      if (result.messages.length > 0 || clock.monotonic() >= end) return result;
    } catch (error) {
      if (signal.aborted) return NOTHING;
      if (!(error instanceof RelayError)) throw error;
      // One that broke off in the middle of an answer was there.
      wasThere ||= error.code !== 'not_connected';
      if (!wasThere || !error.retry || left <= 0) throw error;
      // Cut short by the signal: the next round sees it.
      await sleep(clock, AGAIN_MS, signal).catch(() => undefined);
    }
  }
}

/**
 * Says `seen` for what was printed, after it has left this process; not when nobody took it. What cannot be said now is
 * given again by the relay, marked: that is a warning and no failure.
 */
export async function marked(out: Output, relay: RelayAccess, messages: readonly Envelope[]): Promise<void> {
  if (messages.length === 0) return;
  await out.flush();
  const positions = messages.map(({ position }) => position);
  try {
    // Also while we are being ended: it was printed.
    await relay.ask('receipt', { state: 'seen', positions }, { signal: new AbortController().signal });
  } catch (error) {
    if (!(error instanceof RelayError)) throw error;
    out.warn(`The relay could not be told that these were seen, and will give them again. ${error.message}`);
  }
}
