/**
 * Looks for signs that what was given was read, and sees to it that nothing stays in doubt:
 *
 *     given ──its id in the conversation, in a prompt, told by a plugin──→ receipt `seen`
 *       ├── a hook's text or an answer, and the program has acted since──→ receipt `seen`
 *       ├── the program is at work, or has it in its queue ──→ waited for
 *       ├── held by its policy ──→ given again by the next door, marked; the sender is told
 *       └── idle for a while and no sign ──→ the same, three times at most; then it stays `handed`, and the sender is told so
 *
 * What waits or is in doubt for longer than `TELL_AFTER` is told to its sender with what is in the way, once.
 */
import type { Evidence, Transcript } from '../agents/evidence.ts';
import type { Clock, Timer } from '../util/clock.ts';
import type { Attention } from './attention.ts';
import type { Budget } from './budget.ts';
import type { Courier } from './courier.ts';
import type { Inbox } from './inbox.ts';
import type { Ledger } from './ledger.ts';
import type { Entry } from './ledger-store.ts';
import { whyHeld, whyUnseen, whyWaiting } from './remark.ts';
import type { Shelf } from './shelf.ts';
import { type Placed, positionsOf } from './stray.ts';
import type { Waiting } from './waiting.ts';

export interface LookoutParts {
  readonly inbox: Inbox;
  readonly shelf: Shelf;
  readonly ledger: Ledger;
  readonly waiting: Waiting;
  readonly attention: Attention;
  readonly budget: Budget;
  readonly courier: Pick<Courier, 'wake' | 'rest'>;
  readonly transcript: () => Transcript | undefined;
  /** Why no door of the program is open, where it might have one. */
  readonly doorless: () => string | undefined;
  readonly clock: Clock;
}

/** How often it looks while anything is in doubt. Milliseconds. */
const LOOK_EVERY = 500;
/** A program that is idle has had the text before it for so long, and nothing shows it. Milliseconds. */
const DOUBT_AFTER = 10_000;
/** The same for what it has taken into its own queue. Milliseconds. */
const DOUBT_QUEUED_AFTER = 60_000;
/** Senders are told by then: a minute is promised. Milliseconds. */
const TELL_AFTER = 45_000;
/** How often one message is given to a program that shows no sign of it. */
const TIMES = 3;

export class Lookout {
  readonly #parts: LookoutParts;
  readonly #timer: Timer;
  /** Whose senders know that they are unseen. */
  readonly #told = new Set<string>();
  /** Ids that the program has taken into its own queue. */
  readonly #queued = new Set<string>();
  /** Given as often as it may be. */
  readonly #over = new Set<string>();

  constructor(parts: LookoutParts) {
    this.#parts = parts;
    this.#timer = parts.clock.every(LOOK_EVERY, () => this.look());
  }

  stop(): void {
    this.#timer.cancel();
  }

  /** The program has acted: what its hooks and our answers put before it was in the request that led to this, as was what it held. */
  acted(): void {
    const { ledger } = this.#parts;
    this.#noteSeen(ledger.given.filter(({ way }) => way !== 'door').map(({ envelope }) => envelope.id));
    ledger.settle();
  }

  /** The text that a turn began with. */
  prompted(prompt: string): void {
    this.#noteSeen(this.#parts.ledger.given.map(({ envelope }) => envelope.id).filter((id) => prompt.includes(id)));
  }

  /** The model went on with these. */
  answered(ids: readonly string[]): void {
    this.#noteSeen(ids);
    this.#parts.ledger.settle(ids);
  }

  #noteSeen(ids: readonly string[]): void {
    const found = this.#parts.ledger.seen(ids);
    for (const { envelope } of found) this.#forget(envelope.id);
    const positions = positionsOf(found.map(({ envelope }) => envelope));
    if (positions.length > 0) this.#parts.inbox.seen(positions);
  }

  look(): void {
    const { ledger, waiting } = this.#parts;
    if (ledger.isEmpty && waiting.isEmpty) return;
    const evidence = this.#parts.transcript()?.look() ?? new Map<string, Evidence>();
    const those = (wanted: Evidence) => [...evidence].filter(([, what]) => what === wanted).map(([id]) => id);
    this.#noteSeen(those('seen'));
    this.answered(those('answered'));
    for (const entry of ledger.given) this.#weigh(entry, evidence.get(entry.envelope.id));
    this.#tellWaiting();
  }

  #weigh(entry: Entry, evidence: Evidence | undefined): void {
    const { id } = entry.envelope;
    if (evidence === 'queued') this.#queued.add(id);
    // What its policy holds came through a door; hooks and answers are its own.
    if (evidence === 'held' && entry.way === 'door') return this.#again(entry, true);
    const { attention, ledger, clock } = this.#parts;
    const age = ledger.ageOf(entry);
    if (age >= TELL_AFTER) this.#tell(entry, false);
    // An answer was asked for by a model that waits for it.
    if (entry.way === 'answer' || this.#over.has(id)) return;
    const { now } = attention;
    const isAtWork = now !== undefined && now.doing !== 'idle';
    // Since a time to come: the clock was set back meanwhile.
    const idleFor = now?.doing === 'idle' && now.since <= clock.now() ? clock.now() - now.since : age;
    const patience = this.#queued.has(id) ? DOUBT_QUEUED_AFTER : DOUBT_AFTER;
    if (!isAtWork && Math.min(age, idleFor) >= patience) this.#again(entry, false);
  }

  /** No sign of it: the next door, or the next hook, gives it again. */
  #again(entry: Entry, isHeld: boolean): void {
    const { ledger, shelf, courier } = this.#parts;
    const { envelope, times, way, door } = entry;
    if (isHeld) this.#tell(entry, true);
    if (way === 'door') courier.rest(door);
    if (times >= TIMES) {
      this.#over.add(envelope.id);
      this.#told.delete(envelope.id);
      return this.#tell(entry, isHeld);
    }
    ledger.owe([entry]);
    shelf.again(envelope);
    courier.wake();
  }

  #tell(entry: Entry, isHeld: boolean): void {
    const { id } = entry.envelope;
    if (this.#told.has(id)) return;
    this.#told.add(id);
    const { attention, transcript } = this.#parts;
    this.#remark([entry.envelope], isHeld ? whyHeld(entry, transcript()?.policy) : whyUnseen(entry, attention.now));
  }

  #tellWaiting(): void {
    const { waiting, attention, budget, doorless } = this.#parts;
    const untold = [...waiting.overdue(TELL_AFTER)].filter(([id]) => !this.#told.has(id));
    if (untold.length === 0) return;
    for (const [id] of untold) this.#told.add(id);
    const facts = {
      obstacle: waiting.obstacle,
      activity: attention.now,
      doorless: doorless(),
      budget: budget.limit,
      budgetWait: budget.wait(),
    };
    this.#remark(
      untold.map(([, position]) => ({ position })),
      whyWaiting(facts),
    );
  }

  #remark(messages: readonly Placed[], reason: string): void {
    const positions = positionsOf(messages);
    if (positions.length > 0) this.#parts.inbox.unseen(positions, reason);
  }

  #forget(id: string): void {
    for (const set of [this.#told, this.#queued, this.#over]) set.delete(id);
  }
}
