/**
 * Envelopes that this process has taken from its inbox and that no model has been shown yet, as far as anybody knows. Tool
 * calls, hooks and doors all take from here, so that nothing is shown by two of them.
 *
 *     relay ──put──→ shelf ──lend──→ lent ──shown──→ gone (receipt `handed`)
 *                      ↑               │
 *                      └───putBack─────┘  the call was cancelled, or its answer could not be written
 *
 * So a cancelled call loses nothing and shows nothing twice: what it had taken is lent to the next call first. What the relay
 * gives again although it was shown here, as it does once its data were restored, is marked.
 */
import type { Envelope } from '../protocol/envelope.ts';
import { astray, isStray } from './stray.ts';

/** Of what was shown, the newest: more than a backup lacks. */
const REMEMBERED = 10_000;

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
  /** By id, as is what follows: positions change with the relay's data. */
  private readonly waiting = new Map<string, Envelope>();
  private readonly lent = new Map<string, Envelope>();
  private readonly past = new Set<string>();
  private readonly questions = new Map<string, number>();
  private readonly waits = new Set<object>();
  private readonly listeners = new Set<() => void>();

  /** Takes in what the relay gave; what is here or lent already is the same envelope given again. */
  put(messages: readonly Envelope[]): void {
    let fresh = false;
    for (const message of messages) {
      const { id } = message;
      if (this.isKnown(this.waiting, message) || this.isKnown(this.lent, message)) continue;
      this.waiting.set(id, this.past.has(id) ? marked(message) : message);
      fresh = true;
    }
    if (fresh) this.changed();
  }

  /** The positions of all that is here or lent are other envelopes' now. */
  forget(): void {
    for (const place of [this.waiting, this.lent]) for (const [id, message] of place) place.set(id, astray(message));
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
      this.waiting.delete(message.id);
      this.lent.set(message.id, message);
    }
    return { messages, left: fitting.length - messages.length };
  }

  /** How many a filter would find. */
  count(filter: Filter): number {
    return this.fitting(filter).length;
  }

  /** The answer that holds these has been written. Answers those that were still lent, with the positions that they have now. */
  shown(messages: readonly Envelope[]): readonly Envelope[] {
    const shown = this.takeBack(messages);
    for (const { id } of shown) this.past.add(id);
    for (const oldest of this.past) {
      if (this.past.size <= REMEMBERED) break;
      this.past.delete(oldest);
    }
    return shown;
  }

  /** The answer that held these will not be written; `mayShow`: or so it seems. Those shown meanwhile stay gone. */
  putBack(messages: readonly Envelope[], mayShow = false): void {
    const back = this.takeBack(messages);
    this.put(mayShow ? back.map(marked) : back);
  }

  /** It may have been shown, and nobody knows whether it was read: it is to be given again, and says so. */
  again(message: Envelope): void {
    this.lent.delete(message.id);
    this.put([marked(message)]);
  }

  /** What nobody has been shown, the oldest first. */
  get all(): readonly Envelope[] {
    return this.fitting({});
  }

  isLent(message: Envelope): boolean {
    return this.lent.has(message.id);
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
    return found.sort((a, b) => a.position - b.position || a.at - b.at);
  }

  private takeBack(messages: readonly Envelope[]): readonly Envelope[] {
    const lent = messages.flatMap(({ id }) => this.lent.get(id) ?? []);
    for (const { id } of lent) this.lent.delete(id);
    return lent;
  }

  private isKnown(place: Map<string, Envelope>, { id, position }: Envelope): boolean {
    const known = place.get(id);
    if (known && isStray(known)) place.set(id, { ...known, position });
    return known !== undefined;
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

function marked(message: Envelope): Envelope {
  return { ...message, redelivered: true };
}

function fits(message: Envelope, filter: Filter): boolean {
  if (filter.from !== undefined && message.from !== filter.from) return false;
  if (filter.thread !== undefined && message.thread !== filter.thread) return false;
  return filter.reply_to === undefined || message.reply_to === filter.reply_to;
}
