/**
 * Envelopes that this process has taken from its inbox and that no model has been shown yet, as far as anybody knows. Tool
 * calls, hooks and doors all take from here, so that nothing is shown by two of them.
 *
 *     relay ──put──→ shelf ──lend──→ lent ──shown──→ gone (receipt `handed`)
 *                      ↑               │
 *                      └───putBack─────┘  the call was cancelled, or its answer could not be written
 *
 * So a cancelled call loses nothing and shows nothing twice: what it had taken is lent to the next call first.
 */
import type { Envelope } from '../protocol/envelope.ts';

export interface Filter {
  readonly from?: string | undefined;
  readonly thread?: string | undefined;
  readonly reply_to?: string | undefined;
}

export interface Loan {
  /** Oldest first. */
  readonly messages: readonly Envelope[];
  /** Envelopes of the same filter that stayed on the shelf. */
  readonly left: number;
}

export class Shelf {
  private readonly waiting = new Map<string, Envelope>();
  private readonly lent = new Set<string>();
  private readonly questions = new Map<string, number>();
  private readonly waits = new Set<object>();
  private readonly listeners = new Set<() => void>();

  /** Takes in what the relay gave; what is here or lent already is the same envelope given again. */
  put(messages: readonly Envelope[]): void {
    let fresh = false;
    for (const message of messages) {
      const key = keyOf(message);
      if (this.lent.has(key) || this.waiting.has(key)) continue;
      this.waiting.set(key, message);
      fresh = true;
    }
    if (fresh) this.changed();
  }

  /**
   * Gives out the oldest that fit the filter: at most `count`, and at most `chars` of bodies unless the first alone
   * is longer. An answer that some other call is waiting for is left to that call. `longest`: of a body that will be shortened.
   */
  lend(filter: Filter, count: number, chars: number, longest = Number.POSITIVE_INFINITY): Loan {
    const fitting = this.fitting(filter);
    const messages: Envelope[] = [];
    let room = chars;
    for (const message of fitting) {
      room -= Math.min(message.body.length, longest);
      if (messages.length >= count || (messages.length > 0 && room < 0)) break;
      messages.push(message);
    }
    for (const message of messages) {
      this.waiting.delete(keyOf(message));
      this.lent.add(keyOf(message));
    }
    return { messages, left: fitting.length - messages.length };
  }

  /** How many a filter would find. */
  count(filter: Filter): number {
    return this.fitting(filter).length;
  }

  /** The answer that holds these has been written. Answers those that were still lent. */
  shown(messages: readonly Envelope[]): readonly Envelope[] {
    return messages.filter((message) => this.lent.delete(keyOf(message)));
  }

  /** The answer that held these will not be written. Those shown meanwhile stay gone. */
  putBack(messages: readonly Envelope[]): void {
    this.put(this.shown(messages));
  }

  /** It may have been shown, and nobody knows whether it was read: it is to be given again, and says so. */
  again(message: Envelope): void {
    this.lent.delete(keyOf(message));
    this.put([{ ...message, redelivered: true }]);
  }

  /** What nobody has been shown, the oldest first. */
  get all(): readonly Envelope[] {
    return this.fitting({});
  }

  isLent(message: Envelope): boolean {
    return this.lent.has(keyOf(message));
  }

  /** A call waits for whatever comes: until the returned function is called, no door needs to be tried. */
  await(): () => void {
    const wait = {};
    this.waits.add(wait);
    return () => {
      if (this.waits.delete(wait) && this.waits.size === 0) this.changed();
    };
  }

  get isAwaited(): boolean {
    return this.waits.size > 0;
  }

  /** Reserves answers to a question for whoever asked it, until the returned function is called. */
  reserve(id: string): () => void {
    this.questions.set(id, (this.questions.get(id) ?? 0) + 1);
    return () => {
      const left = (this.questions.get(id) ?? 1) - 1;
      if (left > 0) this.questions.set(id, left);
      else if (this.questions.delete(id) && this.count({ reply_to: id }) > 0) this.changed();
    };
  }

  /** Calls whenever something new can be lent. Returns the way to stop. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private fitting(filter: Filter): Envelope[] {
    const found = [...this.waiting.values()].filter(
      (message) => fits(message, filter) && !this.isReserved(message, filter),
    );
    return found.sort((a, b) => a.position - b.position);
  }

  private isReserved(message: Envelope, filter: Filter): boolean {
    return (
      message.reply_to !== undefined && filter.reply_to !== message.reply_to && this.questions.has(message.reply_to)
    );
  }

  private changed(): void {
    for (const listener of [...this.listeners]) listener();
  }
}

/** Positions start again with a new epoch; together with the id they still name one envelope. */
function keyOf(message: Envelope): string {
  return `${message.position}/${message.id}`;
}

function fits(message: Envelope, filter: Filter): boolean {
  if (filter.from !== undefined && message.from !== filter.from) return false;
  if (filter.thread !== undefined && message.thread !== filter.thread) return false;
  return filter.reply_to === undefined || message.reply_to === filter.reply_to;
}
