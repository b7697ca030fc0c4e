/**
 * Taking unread mail for a tool call: at once, or as soon as some comes within the time given. Every path is bounded:
 * by the deadline, and where a request is under way by the bound of the session itself.
 */

import type { Filter } from '../delivery/shelf.ts';
import { asRelayError, type RelayError } from '../protocol/codes.ts';
import type { Envelope } from '../protocol/envelope.ts';
import type { Timer } from '../util/clock.ts';
import type { Session } from './session.ts';
import type { ToolCall } from './tool.ts';

/** How often a caller that asked for progress hears that the wait goes on. */
const PROGRESS_MS = 15_000;

export interface Wanted {
  readonly filter: Filter;
  readonly count: number;
  readonly waitSeconds: number;
}

export interface Taken {
  /** Oldest first; lent to this call until its answer is written. */
  readonly messages: readonly Envelope[];
  /** Unread envelopes of the same filter beyond these. */
  readonly more: number;
}

/** Takes the oldest unread; empty when none came in time. Throws a RelayError when the relay could not be asked. */
export async function take(session: Session, wanted: Wanted, call: ToolCall): Promise<Taken> {
  const isOpenToAll = Object.values(wanted.filter).every((value) => value === undefined);
  const wait = new Wait(session, wanted.waitSeconds, isOpenToAll, call);
  try {
    for (;;) {
      const asked = await wait.unlessCancelled(ask(session, wanted, call));
      if (asked === undefined) return { messages: [], more: 0 };
      const { messages, left } = call.shelf.lend(wanted.filter, wanted.count, call.traits.answerChars);
      if (messages.length > 0) return lendUntilWritten(session, call, messages, left + asked.more);
      if (asked.error && !asked.error.retry) throw asked.error;
      if (await wait.forMail()) continue;
      if (asked.error && !call.signal.aborted) throw asked.error;
      return { messages: [], more: 0 };
    }
  } finally {
    wait.end();
  }
}

interface Asked {
  /** Unread envelopes of the filter that nobody has taken. */
  readonly more: number;
  readonly error?: RelayError;
}

/**
 * Fills the shelf from the relay. Not cancelled with the call: the relay would have given the envelopes out while
 * nobody reads the answer; this way they land on the shelf for the next call.
 */
async function ask(session: Session, { filter, count }: Wanted, call: ToolCall): Promise<Asked> {
  const { shelf } = call;
  try {
    const missing = Math.max(1, count - shelf.count(filter));
    const { messages, more } = await session.request('receive', { ...given(filter), count: missing });
    shelf.put(messages);
    return { more };
  } catch (error) {
    return { more: 0, error: asRelayError(error) };
  }
}

/** The filter as arguments: absent rather than undefined. */
function given(filter: Filter): { from?: string; thread?: string; reply_to?: string } {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
}

/** Says `handed` when the answer was written; gives the envelopes back when the call is cancelled before that. */
function lendUntilWritten(session: Session, call: ToolCall, messages: readonly Envelope[], more: number): Taken {
  const { shelf, signal } = call;
  const giveBack = () => shelf.putBack(messages);
  if (signal.aborted) {
    giveBack();
    return { messages: [], more };
  }
  signal.addEventListener('abort', giveBack, { once: true });
  call.afterWritten(() => {
    signal.removeEventListener('abort', giveBack);
    session.handed(shelf.shown(messages));
  });
  return { messages, more };
}

/** One call's wait: wakes on mail, the deadline, or its cancellation. */
class Wait {
  private readonly call: ToolCall;
  private readonly deadline: number;
  private readonly stops: (() => void)[] = [];
  private woken = false;
  private wake: () => void = () => undefined;

  constructor(session: Session, seconds: number, isOpenToAll: boolean, call: ToolCall) {
    this.call = call;
    this.deadline = call.clock.monotonic() + seconds * 1000;
    if (seconds === 0) return;
    // Listening starts before the first question, so that mail which comes between answer and wait is not missed.
    const onMail = () => {
      this.woken = true;
      this.wake();
    };
    this.stops.push(session.onMail(onMail), call.shelf.onChange(onMail));
    // One that waits for anybody's mail is the best of doors.
    if (isOpenToAll) this.stops.push(call.shelf.await());
    const progress = call.clock.every(PROGRESS_MS, () => call.progress('Waiting for a message.'));
    this.stops.push(() => progress.cancel());
  }

  /** What the work gives, or undefined as soon as the call is cancelled. The work goes on. */
  unlessCancelled<T>(work: Promise<T>): Promise<T | undefined> {
    const { signal } = this.call;
    return new Promise((resolve, reject) => {
      if (signal.aborted) return resolve(undefined);
      const onAbort = () => resolve(undefined);
      signal.addEventListener('abort', onAbort, { once: true });
      work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
    });
  }

  /** True when mail may have come, false at the deadline or when cancelled. */
  async forMail(): Promise<boolean> {
    const left = this.deadline - this.call.clock.monotonic();
    if (left <= 0 || this.call.signal.aborted) return false;
    if (!this.woken) await this.nextEvent(left);
    const came = this.woken;
    this.woken = false;
    return came && !this.call.signal.aborted;
  }

  end(): void {
    for (const stop of this.stops) stop();
  }

  private nextEvent(ms: number): Promise<void> {
    const { clock, signal } = this.call;
    return new Promise((resolve) => {
      let timer: Timer | undefined;
      const done = () => {
        timer?.cancel();
        signal.removeEventListener('abort', done);
        this.wake = () => undefined;
        resolve();
      };
      this.wake = done;
      timer = clock.after(ms, done);
      signal.addEventListener('abort', done, { once: true });
    });
  }
}
