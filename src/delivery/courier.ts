/**
 * Brings mail to the program through its doors: the best that is open, at the moment that the gate allows, and the next one
 * when it fails.
 *
 *     mail, activity, a timer ─→ consider ─→ gate ─→ take from the shelf ─→ door.give ─→ handed: in the ledger, evidence awaited
 *                                   ↑                                         └── anything else: back on the shelf,
 *                                   └──────────────── the next door ─────────────── this door rests
 */
import { type Door, doubtful, type Given } from '../agents/door.ts';
import type { Transcript } from '../agents/evidence.ts';
import type { Envelope } from '../protocol/envelope.ts';
import type { Clock, Timer } from '../util/clock.ts';
import { reason } from '../util/failure.ts';
import { safeText } from '../util/safe-text.ts';
import type { Attention } from './attention.ts';
import type { Budget } from './budget.ts';
import { type Compose, DOOR_ROOM } from './compose.ts';
import { judge, type Verdict } from './gate.ts';
import { Hand } from './hand.ts';
import type { Inbox } from './inbox.ts';
import type { Ledger } from './ledger.ts';
import type { Shelf } from './shelf.ts';
import type { Waiting } from './waiting.ts';

export interface CourierParts {
  readonly inbox: Inbox;
  readonly shelf: Shelf;
  readonly ledger: Ledger;
  readonly waiting: Waiting;
  readonly attention: Attention;
  readonly budget: Budget;
  readonly doors: () => readonly Door[];
  readonly transcript: () => Transcript | undefined;
  readonly compose: Compose;
  readonly clock: Clock;
  readonly log: (message: string) => void;
}

/** A door that did not work rests so long. Milliseconds. */
const REST_FAILED = 30_000;
/** One whose text was never read: it drops it, or holds it. */
const REST_UNSEEN = 600_000;
/** After the relay has refused, or not answered in time. Milliseconds. */
const AGAIN_MS = 1_000;
/** How often it is looked whether the program is idle by now, while mail waits for that. Milliseconds. */
const LOOK_EVERY = 250;
/** Envelopes that are looked at to decide. */
const LOOKED_AT = 50;

export class Courier {
  readonly #parts: CourierParts;
  /** Door → milliseconds, monotonic: when it may be tried again. */
  readonly #resting = new Map<string, number>();
  #timer: Timer | undefined;
  #isConsidering = false;
  #isAsked = false;
  #isStopped = false;

  constructor(parts: CourierParts) {
    this.#parts = parts;
  }

  /** The door that is used now; undefined when the session is reached at its next turn only. */
  get door(): Door | undefined {
    const now = this.#parts.clock.monotonic();
    return this.#parts.doors().find((door) => door.isOpen() && (this.#resting.get(door.name) ?? 0) <= now);
  }

  /** Something may have changed: mail, what the program does, a door. Many calls are one look. */
  wake(): void {
    this.#isAsked = true;
    if (this.#isConsidering || this.#isStopped) return;
    this.#isConsidering = true;
    void this.#run();
  }

  /** What was given there was never read. */
  rest(door: string): void {
    this.#resting.set(door, this.#parts.clock.monotonic() + REST_UNSEEN);
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  async #run(): Promise<void> {
    try {
      while (this.#isAsked && !this.#isStopped) {
        this.#isAsked = false;
        await this.#consider();
      }
    } catch (error) {
      this.#parts.log(`delivery: ${error instanceof Error ? error.message : error}`);
      // No welcome will wake us where the relay is there and refused: its disk is full, or it did not answer in time.
      if (!this.#isStopped) this.#timer = this.#parts.clock.after(AGAIN_MS, () => this.wake());
    } finally {
      this.#isConsidering = false;
      if (this.#isAsked && !this.#isStopped) this.wake();
    }
  }

  async #consider(): Promise<void> {
    const { shelf, waiting, attention, budget } = this.#parts;
    this.#timer?.cancel();
    const mail = await this.#look();
    waiting.update(mail);
    if (mail.length === 0 || shelf.isAwaited) return;
    const { door } = this;
    if (!door) return this.#withoutDoor();
    const verdict = judge({
      waiting: mail,
      waited: waiting.longest,
      activity: attention.now,
      interrupts: door.interrupts,
      budgetWait: budget.wait(),
      pace: waiting.pace,
      wokenAgo: budget.ago,
    });
    if (verdict.go === 'now') await this.#give(door, verdict);
    else this.#later(verdict);
  }

  /** Its hooks and its own calls will take it. A door that rests is tried again when it has rested. */
  #withoutDoor(): void {
    const { waiting, clock } = this.#parts;
    const shut = this.#parts.doors().find(({ closed }) => closed !== undefined);
    if (shut?.closed !== undefined) waiting.because({ door: shut.name, reason: shut.closed });
    else if (typeof waiting.obstacle !== 'object') waiting.because('no door');
    const rests = this.#parts.doors().flatMap(({ name }) => this.#resting.get(name) ?? []);
    const next = Math.min(...rests.map((until) => until - clock.monotonic()).filter((ms) => ms > 0));
    if (Number.isFinite(next)) this.#timer = clock.after(next, () => this.wake());
  }

  /** Unread and not in anybody's hand, the oldest first. */
  async #look(): Promise<readonly Envelope[]> {
    const { inbox, shelf } = this.#parts;
    const unread = inbox.isConnected && inbox.unread > 0 ? await inbox.look(LOOKED_AT) : [];
    const all = new Map([...unread, ...shelf.all].map((message) => [message.id, message]));
    return [...all.values()].filter((message) => !shelf.isLent(message)).sort((a, b) => a.position - b.position);
  }

  #later(verdict: Exclude<Verdict, { go: 'now' }>): void {
    const { waiting, clock } = this.#parts;
    waiting.because(verdict.because);
    if (verdict.go === 'wait' && verdict.because === 'quiet') return;
    const ms = verdict.go === 'later' ? Math.ceil(verdict.inMs) : LOOK_EVERY;
    this.#timer = clock.after(ms, () => this.wake());
  }

  async #give(door: Door, { urgent, isWake }: Extract<Verdict, { go: 'now' }>): Promise<void> {
    const { budget, attention, clock, log } = this.#parts;
    const hand = await Hand.take(this.#parts, DOOR_ROOM, 'door', door.name);
    if (!hand) return;
    const begun = clock.now();
    const given = await this.#put(door, hand, urgent);
    if (given.outcome === 'handed') {
      hand.shown();
      attention.woken(begun);
      if (isWake) budget.spend();
      log(`delivery: ${hand.messages.length} handed by ${door.name}`);
    } else {
      hand.back(given.outcome === 'held' || given.isDoubtful);
      this.#resting.set(door.name, clock.monotonic() + REST_FAILED);
      log(`delivery: ${door.name} ${given.outcome}: ${given.reason}`);
      this.#parts.waiting.because({ door: door.name, reason: given.reason });
    }
    this.#isAsked = true;
  }

  /** Never rejects: what is in a hand is handed or put back, whatever fails. */
  async #put(door: Door, hand: Hand, urgent: boolean): Promise<Given> {
    try {
      // From here on, so that what the program writes down in this very moment is found.
      this.#parts.transcript()?.watch(hand.ids);
      return await door.give({ text: hand.text, ids: hand.ids, from: fromOf(hand.messages), urgent });
    } catch (error) {
      return doubtful(`it failed (${reason(error)})`);
    }
  }
}

/** One sender's name, which may be shown; of several, the relay's. */
function fromOf(messages: readonly Envelope[]): string {
  const names = new Set(messages.map(({ from }) => from));
  const [only] = names;
  return names.size === 1 && only !== undefined ? safeText(only, { max: 128 }) : 'claude-relay';
}
