/**
 * Sends that survive: on disk before the first try, tried in order until the relay has answered for good.
 *
 *     send ──disk──→ queued ──connected──→ under way ──ok, duplicate──→ gone
 *                      ↑                       ├── refused for good ──→ told (to the caller, or kept as refused)
 *                      └──lost, "try again"────┘
 *
 * One at a time, so that order holds whatever fails. A caller waits only while there is hope of an answer; after that
 * it is told `kept`, and what becomes of the send is told by `onRefused` and by the receipts.
 *
 * A disk that fails stops nobody. What has ended and cannot be written down as such is not sent again by this process, and
 * is written as soon as the disk takes it; until then the file of the send stays, so that the next process asks once more.
 */
import { encode } from '../protocol/codec.ts';
import { asRelayError, type Code, RelayError } from '../protocol/codes.ts';
import { type Draft, draftShape } from '../protocol/envelope.ts';
import { LIMITS } from '../protocol/limits.ts';
import type { SendResult } from '../protocol/verbs.ts';
import type { Clock, Timer } from '../util/clock.ts';
import { messageId, type Random } from '../util/random.ts';
import type { RelayClient } from './client.ts';
import { type Entry, type OutboxStore, type Refused, refusedOf } from './outbox-store.ts';

/** Not answered yet: it is on this machine's disk and goes out when the relay is back. */
export interface Kept {
  readonly id: string;
  readonly kept: true;
}

export interface OutboxOptions {
  readonly client: Pick<RelayClient, 'request' | 'on' | 'state' | 'nudge'>;
  readonly store: OutboxStore;
  /** The name that is wanted; the client tells when another is granted. */
  readonly name: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly limit?: number;
  /** A send was kept while there is no connection. */
  readonly onKept?: () => void;
  /** A kept send was refused for good, long after its caller went on. */
  readonly onRefused?: (refused: Refused) => void;
  readonly log?: (event: string, detail: Readonly<Record<string, unknown>>) => void;
}

/** How long a caller waits for the answer: while connected, and while the first connection is being made. Milliseconds. */
const ANSWER_MS = 15_000;
const CONNECTING_MS = 3_000;
/** Between tries of a relay that is there but cannot store now, doubling: when its disk has room again, it is soon known. Milliseconds. */
const RETRY_MS = 1_000;
const RETRY_LONGEST_MS = 2_000;
/** A relay that fails at the same envelope this often fails because of it. */
const FAILURES = 5;
/** After the disk has failed; also at the next send. Milliseconds. */
const DISK_AGAIN_MS = 10_000;
/** Room for the frame around a draft. */
const FRAME_BYTES = 1_024;

interface Caller {
  answered(result: SendResult): void;
  refused(error: RelayError): void;
  kept(): void;
}

export class Outbox {
  readonly #options: OutboxOptions;
  readonly #callers = new Map<Entry, Caller>();
  readonly #stops: (() => void)[] = [];
  #queue: Entry[] = [];
  #name: string;
  #lastSeq: number;
  #isSending = false;
  #isStopped = false;
  /** In a row, whatever they were. */
  #failures = 0;
  /** How often an entry was answered with `internal`. */
  readonly #internals = new WeakMap<Entry, number>();
  /** Ended and not written yet: with its refusal, or answered. */
  readonly #owed = new Map<Entry, RelayError | undefined>();
  /** What dead holders of the name left was not looked at since the last welcome. */
  #mustLook = false;
  /** Names of before under which they left something that could not be moved along: it is looked for there too. */
  readonly #formerNames = new Set<string>();
  #welcomes = 0;
  #retry: Timer | undefined;
  #diskAgain: Timer | undefined;

  constructor(options: OutboxOptions) {
    const { client, store, name } = options;
    this.#options = options;
    this.#name = name;
    this.#lastSeq = store.lastSeq(name);
    this.#stops.push(
      client.on('name', ({ was, now, why }) => this.#onName(was, now, why)),
      client.on('welcome', () => this.#onWelcome()),
      client.on('state', ({ phase }) => phase !== 'connected' && phase !== 'connecting' && this.#keepAll()),
    );
  }

  /** Sends that wait on disk for the relay. */
  get size(): number {
    return this.#queue.length;
  }

  /** Kept sends that the relay refused for good, newest first. */
  get refused(): readonly Refused[] {
    const owed = [...this.#owed].flatMap(([entry, error]) => (error ? [refusedOf(entry, error)] : [])).reverse();
    const written = this.#options.store.refused(this.#name);
    return [...owed, ...written.filter(({ id }) => !owed.some((other) => other.id === id))];
  }

  /**
   * Answers with the relay's answer, or `kept` when there is none in time. Rejects with the relay's refusal, with
   * `bad_request`, `too_large` or `outbox_full` before anything was kept, or with the signal's reason (it is kept then).
   */
  async send(draft: Draft, options: { readonly signal?: AbortSignal } = {}): Promise<SendResult | Kept> {
    options.signal?.throwIfAborted();
    const entry = this.#keep(draft);
    const answer = this.#answerTo(entry, options.signal);
    this.#options.client.nudge();
    this.#goOn();
    return answer;
  }

  /** Sends no more; what is kept stays on disk. May be called twice. */
  stop(): void {
    this.#isStopped = true;
    this.#retry?.cancel();
    this.#diskAgain?.cancel();
    for (const stop of this.#stops) stop();
    this.#keepAll();
  }

  #keep(draft: Draft): Entry {
    const { store, clock, random } = this.#options;
    const id = draft.id ?? messageId(random, clock.now());
    const checked = draftShape.read({ ...draft, id }, 'message');
    if (
      Buffer.byteLength(encode({ type: 'request', id: 0, verb: 'send', args: checked })) >
      LIMITS.frameBytes - FRAME_BYTES
    ) {
      throw new RelayError('too_large', 'The message is larger than one frame takes; split it.');
    }
    if (this.#queue.length >= (this.#options.limit ?? LIMITS.outboxMessages)) throw new RelayError('outbox_full');
    const seq = Math.max(this.#lastSeq + 1, Math.floor(clock.now() * 1000));
    const entry = store.add(this.#name, { seq, id, at: clock.now(), draft: checked });
    this.#lastSeq = seq;
    this.#queue.push(entry);
    if (this.#options.client.state.phase !== 'connected') this.#options.onKept?.();
    return entry;
  }

  #answerTo(entry: Entry, signal?: AbortSignal): Promise<SendResult | Kept> {
    return new Promise((resolve, reject) => {
      const settled = (done: () => void) => {
        this.#callers.delete(entry);
        timer.cancel();
        signal?.removeEventListener('abort', onAbort);
        done();
      };
      const caller: Caller = {
        answered: (result) => settled(() => resolve(result)),
        refused: (error) => settled(() => reject(error)),
        kept: () => settled(() => resolve({ id: entry.id, kept: true })),
      };
      const onAbort = () => settled(() => reject(signal?.reason));
      const timer = this.#options.clock.after(this.#patience(), caller.kept);
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#callers.set(entry, caller);
    });
  }

  #patience(): number {
    const { phase } = this.#options.client.state;
    if (phase === 'connected') return ANSWER_MS;
    return phase === 'connecting' ? CONNECTING_MS : 0;
  }

  #goOn(): void {
    this.#catchUp();
    this.#drain().catch((error) => {
      this.#log('outbox_failed', { error: String(error) });
      this.#goOnLater();
    });
  }

  /** What the disk has not let us do yet. */
  #catchUp(): void {
    if (this.#isStopped) return;
    for (const [entry, error] of [...this.#owed]) this.#write(entry, error);
    if (this.#mustLook && this.#options.client.state.phase === 'connected') this.#look();
  }

  #goOnLater(): void {
    if (this.#isStopped) return;
    this.#diskAgain ??= this.#options.clock.after(DISK_AGAIN_MS, () => {
      this.#diskAgain = undefined;
      this.#goOn();
    });
  }

  async #drain(): Promise<void> {
    if (this.#isSending || this.#retry) return;
    this.#isSending = true;
    let connection = this.#welcomes;
    try {
      for (let entry = this.#head(); entry; entry = this.#head()) {
        const goesOn = await this.#sendOne(entry);
        // Lost and welcomed again before the loss of the old connection was heard here: go on with the new one.
        if (!goesOn && connection === this.#welcomes) return;
        connection = this.#welcomes;
      }
    } finally {
      this.#isSending = false;
    }
  }

  #head(): Entry | undefined {
    const mayBegin = !this.#isStopped && this.#options.client.state.phase === 'connected';
    return mayBegin ? this.#queue[0] : undefined;
  }

  /** Answers whether the next may follow. */
  async #sendOne(entry: Entry): Promise<boolean> {
    try {
      const result = await this.#options.client.request('send', { ...entry.draft, id: entry.id });
      this.#failures = 0;
      this.#settle(entry, (caller) => caller.answered(result));
      return true;
    } catch (error) {
      return this.#onFailure(entry, asRelayError(error));
    }
  }

  #onFailure(entry: Entry, error: RelayError): boolean {
    this.#failures += 1;
    if (isFinal(error, this.#countInternal(entry, error)) || (BRAKES.has(error.code) && this.#callers.has(entry))) {
      this.#failures = 0;
      this.#refuse(entry, error);
      return true;
    }
    this.#callers.get(entry)?.kept();
    this.#log('send_kept', { id: entry.id, code: error.code });
    // A lost connection comes back by itself, with a welcome; anything else is tried again here.
    if (error.code !== 'not_connected') this.#tryLater();
    return false;
  }

  #countInternal(entry: Entry, { code }: RelayError): number {
    const count = (this.#internals.get(entry) ?? 0) + (code === 'internal' ? 1 : 0);
    this.#internals.set(entry, count);
    return count;
  }

  #tryLater(): void {
    const delay = Math.min(RETRY_LONGEST_MS, RETRY_MS * 2 ** Math.min(this.#failures - 1, 10));
    this.#retry?.cancel();
    this.#retry = this.#options.clock.after(delay, () => {
      this.#retry = undefined;
      this.#goOn();
    });
    this.#keepAll();
  }

  #refuse(entry: Entry, error: RelayError): void {
    // It was kept under another name first: the relay has it from that name, since the id is one of a kind.
    const wasSentBefore = error.code === 'id_conflict' && entry.name !== this.#name;
    if (wasSentBefore || this.#callers.has(entry)) {
      this.#settle(entry, (caller) => caller.refused(error));
      return;
    }
    this.#end(entry, error);
    this.#tellRefused(refusedOf(entry, error));
  }

  #settle(entry: Entry, tell: (caller: Caller) => void): void {
    this.#end(entry);
    const caller = this.#callers.get(entry);
    if (caller) tell(caller);
  }

  #tellRefused(refused: Refused): void {
    try {
      this.#options.onRefused?.(refused);
    } catch (error) {
      this.#log('listener_failed', { event: 'refused', error: String(error) });
    }
  }

  #end(entry: Entry, error?: RelayError): void {
    this.#queue = this.#queue.filter((other) => other !== entry);
    this.#write(entry, error);
  }

  #write(entry: Entry, error: RelayError | undefined): void {
    const { store } = this.#options;
    try {
      if (error) store.refuse(this.#name, entry, error);
      else store.remove(entry);
      this.#owed.delete(entry);
    } catch (failure) {
      if (!this.#owed.has(entry)) this.#log('outbox_not_written', { id: entry.id, error: String(failure) });
      this.#owed.set(entry, error);
      this.#goOnLater();
    }
  }

  /** Now the name is ours: what dead holders of it left is ours to send, before our own. */
  #onWelcome(): void {
    this.#welcomes += 1;
    this.#retry?.cancel();
    this.#retry = undefined;
    this.#mustLook = true;
    this.#goOn();
  }

  #look(): void {
    const known = new Set([...this.#queue, ...this.#owed.keys()].map((entry) => entry.id));
    try {
      const names = [...new Set([this.#name, ...this.#formerNames])];
      const found = names.flatMap((name) => this.#options.store.list(name)).filter(({ id }) => !known.has(id));
      if (found.length > 0) this.#log('outbox_found', { count: found.length });
      this.#queue = [...this.#queue, ...found].sort((a, b) => a.seq - b.seq);
      this.#mustLook = false;
      this.#formerNames.clear();
    } catch (error) {
      this.#log('outbox_not_read', { error: String(error) });
      this.#goOnLater();
    }
  }

  /** Our own sends come along to another name; with a rename of the session, those of its dead processes too. */
  #onName(was: string, now: string, why: 'renamed' | 'suffixed'): void {
    const { store } = this.#options;
    this.#name = now;
    try {
      const ours = [...this.#queue, ...this.#owed.keys()];
      const known = new Set(ours.map(({ id }) => id));
      const theirs = why === 'renamed' ? store.list(was).filter(({ id }) => !known.has(id)) : [];
      store.move(was, now, [...ours, ...theirs]);
      this.#lastSeq = Math.max(this.#lastSeq, store.lastSeq(now));
    } catch (error) {
      // They are sent from where they are.
      this.#log('outbox_not_moved', { was, now, error: String(error) });
      if (why === 'suffixed') return;
      this.#formerNames.add(was);
      this.#mustLook = true;
      this.#goOnLater();
    }
  }

  #keepAll(): void {
    for (const caller of [...this.#callers.values()]) caller.kept();
  }

  #log(event: string, detail: Readonly<Record<string, unknown>>): void {
    this.#options.log?.(event, detail);
  }
}

/** Whoever still waits for the answer is told, and can do something else. What was kept goes out when it may. */
const BRAKES: ReadonlySet<Code> = new Set<Code>(['too_fast', 'paused']);
/** Waiting for these would hold up everybody else's mail. */
const FULL: ReadonlySet<Code> = new Set<Code>(['inbox_full', 'held_full']);

/** Will sending it again never help? */
function isFinal(error: RelayError, internals: number): boolean {
  if (FULL.has(error.code) || error.code === 'frame_too_large') return true;
  if (error.code === 'internal') return internals >= FAILURES;
  return !error.retry && error.close === undefined;
}
