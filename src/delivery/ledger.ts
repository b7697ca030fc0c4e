/**
 * What was given to the agent program and has no sign yet that it was read.
 *
 *     giving ──the door says handed──→ given ──evidence──→ seen (the receipt) ──the model went on──→ gone
 *        │                               └── none in time ──→ owed: to be given again ──→ giving
 *        └── anything else ──→ gone, or owed when it was given before
 *
 * What goes through a door or a hook is written down before it goes, and stays written down until the model went on with
 * it, so that a killed process leaves no doubt about it.
 */
import type { Envelope } from '../protocol/envelope.ts';
import type { Clock } from '../util/clock.ts';
import type { Entry, LedgerStore, Way } from './ledger-store.ts';
import { astray } from './stray.ts';

/** Under which name, and in which epoch of the relay's data; undefined before the first connection. */
export interface Standing {
  readonly name: string;
  readonly epoch: string;
}

const COUNTED = 1_000;

export class Ledger {
  readonly #clock: Clock;
  readonly #store: LedgerStore;
  readonly #standing: () => Standing | undefined;
  readonly #entries = new Map<string, Entry>();
  /** Milliseconds, monotonic. */
  readonly #begun = new WeakMap<Entry, number>();
  readonly #giving = new Set<string>();
  /** On the shelf again: the relay would not give them a second time. */
  readonly #owed = new Map<string, Entry>();
  /** In the conversation, and its model has said nothing since: should the program be killed now, nothing would come of it. */
  readonly #seen = new Map<string, Entry>();
  readonly #times = new Map<string, number>();
  /** What an earlier process left, until it is taken up: it stays written down beside what this one gives. Undefined before it was read. */
  #left: Map<string, Entry> | undefined;
  /** Written down under an epoch, or a name, that is over. */
  #isForgotten = false;

  constructor(clock: Clock, store: LedgerStore, standing: () => Standing | undefined) {
    this.#clock = clock;
    this.#store = store;
    this.#standing = standing;
  }

  /** Nothing is in doubt, and nothing waits for its model. */
  get isEmpty(): boolean {
    return this.#entries.size === 0 && this.#seen.size === 0;
  }

  /** Given, the oldest first; not what is being given in this moment. */
  get given(): readonly Entry[] {
    return [...this.#entries.values()].filter(({ envelope }) => !this.#giving.has(envelope.id));
  }

  /** Milliseconds since this process gave it, whatever the clock was set to meanwhile. */
  ageOf(entry: Entry): number {
    const now = this.#clock.monotonic();
    return now - (this.#begun.get(entry) ?? now);
  }

  /** These are about to go in. Durable when it returns. */
  begin(messages: readonly Envelope[], way: Way, door: string): void {
    this.#readLeft(this.#standing());
    for (const envelope of messages) {
      this.#left?.delete(envelope.id);
      this.#owed.delete(envelope.id);
      this.#seen.delete(envelope.id);
      this.#giving.add(envelope.id);
      this.#enter(envelope, way, door, this.#countOne(envelope.id));
    }
    this.#save();
  }

  /** The door has them. */
  gave(messages: readonly Envelope[]): void {
    for (const { id } of messages) this.#giving.delete(id);
  }

  /** The door has not taken them. Those that were given before are still owed. */
  drop(messages: readonly Envelope[], mayShow: boolean): void {
    for (const { id, redelivered } of messages) {
      const entry = this.#entries.get(id);
      this.#giving.delete(id);
      this.#entries.delete(id);
      if (entry && (redelivered || mayShow)) this.#owed.set(id, entry);
    }
    this.#save();
  }

  /** These are to be given again. */
  owe(entries: readonly Entry[]): void {
    for (const entry of entries) {
      this.#entries.delete(entry.envelope.id);
      this.#owed.set(entry.envelope.id, entry);
    }
    this.#save();
  }

  /** An answer that holds these was written. Kept for a later process only where `isKept`: it can find out whether it was read. */
  answered(messages: readonly Envelope[], isKept: boolean): void {
    const wasOwed = messages.filter(({ id }) => this.#owed.delete(id) || this.#left?.delete(id)).length > 0;
    for (const envelope of messages) this.#enter(envelope, 'answer', 'answer', 1);
    if (isKept || wasOwed) this.#save();
  }

  /** The conversation holds these. Answers with those that were given. */
  seen(ids: readonly string[]): readonly Entry[] {
    const found = ids.flatMap((id) => this.#entries.get(id) ?? []);
    for (const entry of found) {
      this.#entries.delete(entry.envelope.id);
      this.#seen.set(entry.envelope.id, entry);
    }
    return found;
  }

  /** Of those that are seen: the model has gone on with these, or with all. */
  settle(ids: Iterable<string> = [...this.#seen.keys()]): void {
    const gone = [...ids].filter((id) => this.#seen.delete(id));
    if (gone.length > 0) this.#save();
  }

  /** What an earlier process of this name left, once. Whoever asks decides what to do with each, and says which are owed. */
  takeLeft(): readonly Entry[] {
    this.#readLeft(this.#standing());
    const left = [...(this.#left?.values() ?? [])];
    this.#left?.clear();
    for (const { envelope, times } of left) this.#times.set(envelope.id, times);
    return left;
  }

  /** The positions of all that it holds are other envelopes' now. What is in doubt stays so, and no receipt will be said of it. */
  forget(): void {
    this.#readLeft(this.#standing());
    for (const entries of [this.#entries, this.#owed, this.#seen, this.#left ?? new Map<string, Entry>()])
      for (const [id, entry] of entries) {
        const stray = { ...entry, envelope: astray(entry.envelope) };
        entries.set(id, stray);
        this.#isForgotten = true;
        this.#begun.set(stray, this.#begun.get(entry) ?? this.#clock.monotonic());
      }
  }

  /** Connected: the present name and epoch are known. */
  welcomed(): void {
    if (this.#isForgotten) this.#save();
    this.#isForgotten = false;
  }

  #enter(envelope: Envelope, way: Way, door: string, times: number): void {
    const entry = { envelope, way, door, at: this.#clock.now(), times };
    this.#entries.set(envelope.id, entry);
    this.#begun.set(entry, this.#clock.monotonic());
  }

  #readLeft(standing: Standing | undefined): void {
    if (this.#left || !standing) return;
    const entries = this.#store.load(standing.name, standing.epoch);
    this.#left = new Map(entries.map((entry) => [entry.envelope.id, entry]));
    for (const id of [...this.#seen.keys(), ...this.#entries.keys(), ...this.#owed.keys()]) this.#left.delete(id);
  }

  /** How often it went in by now, this one included. Of the newest thousand. */
  #countOne(id: string): number {
    const times = (this.#times.get(id) ?? 0) + 1;
    this.#times.delete(id);
    this.#times.set(id, times);
    for (const oldest of this.#times.keys()) {
      if (this.#times.size <= COUNTED) break;
      this.#times.delete(oldest);
    }
    return times;
  }

  /** The session has another name: what was given goes with it. */
  moved(from: Standing): void {
    this.#readLeft(from);
    this.#store.save(from.name, from.epoch, []);
    this.#save();
  }

  #save(): void {
    const standing = this.#standing();
    if (!standing) return;
    this.#readLeft(standing);
    const all = [
      ...(this.#left?.values() ?? []),
      ...this.#seen.values(),
      ...this.#entries.values(),
      ...this.#owed.values(),
    ];
    this.#store.save(standing.name, standing.epoch, all);
  }
}
