/**
 * Receipts on their way to the relay, and what this process has shown already.
 *
 *     handed ──→ waiting ──tick──→ under way ──answered──→ told
 *                   ↑                  │ connection lost, or "try again"
 *                   └──────────────────┘
 *
 * A receipt is kept until the relay has answered it, and goes out first on the next connection: so the relay does not
 * give out again what this process has shown. If it does all the same (the receipt was lost with the relay's last
 * moments), `admit` holds the envelope back and says the receipt once more.
 */
import { asRelayError } from '../protocol/codes.ts';
import type { Envelope } from '../protocol/envelope.ts';
import type { SaidState } from '../protocol/receipt.ts';
import type { Args } from '../protocol/verbs.ts';
import type { Clock, Timer } from '../util/clock.ts';

/** Says one batch; the promise settles with the relay's answer. */
export type SayReceipt = (args: Args<'receipt'>) => Promise<unknown>;

/** Positions of one request; the relay takes 1,024. */
const BATCH = 1_000;
/** Shown positions that are remembered. A relay that lost its last receipts lost seconds, not ten thousand envelopes. */
const REMEMBERED = 10_000;
/** After an error that may pass (a full disk), milliseconds. */
const AGAIN_MS = 1_000;

interface Said {
  readonly state: SaidState;
  readonly reason?: string | undefined;
}

const RANK: Record<SaidState, number> = { handed: 0, seen: 1, refused: 2 };

export class Receipts {
  readonly #clock: Clock;
  readonly #onDropped: (error: Error) => void;
  /** What the relay has not confirmed, by position. */
  readonly #waiting = new Map<number, Said>();
  /** What was shown in this life, oldest first, and how far each got. */
  readonly #shown = new Map<number, Said>();
  #say: SayReceipt | undefined;
  #scheduled = false;
  #flushing: Promise<void> | undefined;
  /** Set while a try is due; one, however many flushes have failed. */
  #again: Timer | undefined;

  /** `onDropped` hears of receipts that the relay will never take: for the log. */
  constructor(clock: Clock, onDropped: (error: Error) => void = () => {}) {
    this.#clock = clock;
    this.#onDropped = onDropped;
  }

  /** These were written to the agent program. */
  handed(positions: readonly number[]): void {
    this.#note(positions, { state: 'handed' });
  }

  /** These are in the model's context. */
  seen(positions: readonly number[]): void {
    this.#note(positions, { state: 'seen' });
  }

  /** These will not be shown. */
  refused(positions: readonly number[], reason?: string): void {
    this.#note(positions, { state: 'refused', reason });
  }

  /** The envelopes that this process has not shown yet. Of the others the receipt is said again. */
  admit(messages: readonly Envelope[]): readonly Envelope[] {
    const known = messages.filter((message) => this.#shown.has(message.position));
    for (const { position } of known) this.#waiting.set(position, this.#shown.get(position) ?? { state: 'handed' });
    if (known.length === 0) return messages;
    this.#schedule();
    return messages.filter((message) => !this.#shown.has(message.position));
  }

  /** Receipts that the relay has not confirmed. */
  get pending(): number {
    return this.#waiting.size;
  }

  /** There is a connection: says what waits, and settles when that is answered (or the connection is lost). */
  attach(say: SayReceipt): Promise<void> {
    this.#say = say;
    return this.flush();
  }

  /** The connection is gone. What was under way counts as not said. */
  detach(): void {
    this.#say = undefined;
    this.#flushing = undefined;
    this.#again?.cancel();
    this.#again = undefined;
  }

  /** Another epoch or another name: positions mean something else now. */
  forget(): void {
    this.#waiting.clear();
    this.#shown.clear();
  }

  /** Says all that waits now. Never rejects; what could not be said is kept. */
  async flush(): Promise<void> {
    while (this.#flushing) await this.#flushing;
    const say = this.#say;
    if (!say || this.#waiting.size === 0) return;
    const run = this.#run(say).finally(() => {
      if (this.#flushing === run) this.#flushing = undefined;
    });
    this.#flushing = run;
    await run;
  }

  async #run(say: SayReceipt): Promise<void> {
    await Promise.all(this.#batches().map(([args, positions]) => this.#sayBatch(say, args, positions)));
    if (this.#waiting.size > 0 && this.#say === say) this.#tryLater();
  }

  #tryLater(): void {
    this.#again ??= this.#clock.after(AGAIN_MS, () => {
      this.#again = undefined;
      void this.flush();
    });
  }

  async #sayBatch(say: SayReceipt, args: Args<'receipt'>, positions: readonly number[]): Promise<void> {
    const before = positions.map((position) => this.#waiting.get(position));
    try {
      await say(args);
    } catch (error) {
      const failure = asRelayError(error);
      if (failure.retry || failure.close !== undefined) return; // kept, for the next connection or the next try
      this.#onDropped(failure);
    }
    positions.forEach((position, i) => {
      // It may have come further meanwhile; that is still to be said.
      if (this.#waiting.get(position) === before[i]) this.#waiting.delete(position);
    });
  }

  #batches(): [Args<'receipt'>, readonly number[]][] {
    const groups = new Map<string, { said: Said; positions: number[] }>();
    for (const [position, said] of this.#waiting) {
      const key = `${said.state}/${said.reason ?? ''}`;
      const group = groups.get(key);
      if (group) group.positions.push(position);
      else groups.set(key, { said, positions: [position] });
    }
    const ordered = [...groups.values()].sort((a, b) => RANK[a.said.state] - RANK[b.said.state]);
    return ordered.flatMap(({ said, positions }) => chunks(positions).map((chunk) => batchOf(said, chunk)));
  }

  #note(positions: readonly number[], said: Said): void {
    for (const position of positions) {
      // Taken from data that the relay has no more (`delivery/stray.ts`).
      if (position < 0) continue;
      const known = this.#shown.get(position);
      if (known && RANK[known.state] >= RANK[said.state]) continue;
      this.#shown.set(position, said);
      this.#waiting.set(position, said);
    }
    for (const position of this.#shown.keys()) {
      if (this.#shown.size <= REMEMBERED) break;
      this.#shown.delete(position);
    }
    this.#schedule();
  }

  /** Receipts of one tick travel together. */
  #schedule(): void {
    if (this.#scheduled || this.#waiting.size === 0) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      void this.flush();
    });
  }
}

function batchOf(said: Said, positions: readonly number[]): [Args<'receipt'>, readonly number[]] {
  return [{ state: said.state, positions, ...(said.reason === undefined ? {} : { reason: said.reason }) }, positions];
}

function chunks(positions: readonly number[]): readonly number[][] {
  const found: number[][] = [];
  for (let i = 0; i < positions.length; i += BATCH) found.push(positions.slice(i, i + BATCH));
  return found;
}
