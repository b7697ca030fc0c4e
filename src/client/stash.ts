/**
 * Envelopes that the relay gave to a request that nobody waited for any more (it was cancelled, or its time was up).
 * The relay counts them as taken by this connection, so nobody else gets them: the next `receive` must.
 */
import type { Envelope } from '../protocol/envelope.ts';
import type { Args, ReceiveResult } from '../protocol/verbs.ts';

/** What `receive` gives when it is not told how many. */
const DEFAULT_COUNT = 10;

export class Stash {
  #kept: readonly Envelope[] = [];

  put(messages: readonly Envelope[]): void {
    const fresh = new Map(this.#kept.map((message) => [message.position, message]));
    for (const message of messages) fresh.set(message.position, message);
    this.#kept = [...fresh.values()].sort((a, b) => a.position - b.position);
  }

  /** The connection is gone and its claims with it: the relay gives them again. */
  clear(): void {
    this.#kept = [];
  }

  /** Keeps only what `admit` gives back: some may have been shown from elsewhere since it came. */
  sift(admit: (messages: readonly Envelope[]) => readonly Envelope[]): void {
    this.#kept = admit(this.#kept);
  }

  /** How many this request would find here. */
  count(args: Args<'receive'>): number {
    return this.#kept.filter((message) => fits(message, args)).length;
  }

  /** What to ask the relay for, given what is here already. */
  remainder(args: Args<'receive'>): Args<'receive'> {
    const here = this.count(args);
    if (here === 0) return args;
    return { ...args, count: Math.max(1, (args.count ?? DEFAULT_COUNT) - here), wait_seconds: 0 };
  }

  /** The relay's answer together with what is here: oldest first, and no more than was asked for. */
  merge(args: Args<'receive'>, result: ReceiveResult): ReceiveResult {
    const here = this.#kept.filter((message) => fits(message, args));
    if (here.length === 0) return result;
    this.put(result.messages);
    const all = this.#kept.filter((message) => fits(message, args));
    const messages = all.slice(0, args.count ?? DEFAULT_COUNT);
    const given = new Set(messages);
    this.#kept = this.#kept.filter((message) => !given.has(message));
    return { messages, more: result.more + all.length - messages.length };
  }
}

/** Is it the answer to a `receive`? It comes from the relay, but long after anybody knew what was asked. */
export function isReceiveResult(value: unknown): value is ReceiveResult {
  return typeof value === 'object' && value !== null && 'messages' in value && Array.isArray(value.messages);
}

function fits(message: Envelope, { from, thread, reply_to }: Args<'receive'>): boolean {
  if (from !== undefined && message.from !== from) return false;
  if (thread !== undefined && message.thread !== thread) return false;
  return reply_to === undefined || message.reply_to === reply_to;
}
