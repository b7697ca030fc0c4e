/**
 * Inbox to taker: the only delivery path. Live, reconnect, redelivery and catch-up are these lines.
 *
 *     unhanded ──take──→ claimed ──receipt──→ handed, seen, refused
 *         ↑                 │
 *         └─────release─────┘   the taker went or its lease ran out: given again, marked `redelivered`;
 *                               after five vain claims `dead`
 *
 * A claim is held here, in memory, by one taker. That it was given is also a command, so that a redelivery is marked
 * after the death of the relay too.
 */
import type { Envelope } from '../protocol/envelope.ts';
import { LIMITS } from '../protocol/limits.ts';
import type { Claim } from '../state/command.ts';
import { envelopeRow, toEnvelope } from '../state/queries/envelopes.ts';
import { countUnhanded, type InboxFilter, unhandedMatching } from '../state/queries/inbox.ts';
import { type SessionRow, sessionById } from '../state/queries/sessions.ts';
import { isIntact } from '../state/sum.ts';
import { Page } from './page.ts';
import type { Services } from './services.ts';

/** Whoever holds claims: a connection, or one HTTP request's lease. */
export interface Taker {
  readonly taker: string;
}

/** A connection that wants its mail pushed. */
export interface Outlet extends Taker {
  /** Envelopes that it takes without a receipt. */
  readonly window: number;
  /** Too much is unsent: it is only told that there is more. */
  readonly isSlow: boolean;
  deliver(messages: readonly Envelope[], unread: number): void;
  more(unread: number): void;
}

interface Take {
  readonly count: number;
  readonly filter?: InboxFilter;
}

/** Envelopes of one deliver frame. */
const BURST = 32;
const DAMAGED = 'it was damaged on the disk of the relay';
/** After a disk that could not be read, milliseconds. */
const AGAIN = 1_000;

export class Pump {
  readonly session: number;
  readonly #services: Services;
  readonly #claims = new Map<number, Taker>();
  /** Vain claims that the state may not have heard of yet. */
  readonly #attempts = new Map<number, number>();
  /** Positions whose receipt is on its way to the journal: not given again before it is known whether it got there. */
  readonly #settling = new Map<number, number>();
  #isWoken = false;

  constructor(session: number, services: Services) {
    this.session = session;
    this.#services = services;
  }

  /** Nothing is claimed and nothing is to be pushed: it may be forgotten. */
  get isIdle(): boolean {
    return !this.#isWoken && [this.#claims, this.#attempts, this.#settling].every((held) => held.size === 0);
  }

  /** The taker is gone; what it claimed is free again, and whoever waits for mail hears of it. */
  release(taker: Taker): void {
    let freed = false;
    for (const [position, holder] of this.#claims) {
      if (holder !== taker) continue;
      this.#claims.delete(position);
      freed = true;
    }
    if (freed) this.#services.hub.mail(this.session);
  }

  /** Does the taker hold anything? */
  isHolding(taker: Taker): boolean {
    return [...this.#claims.values()].includes(taker);
  }

  /**
   * Keeps the positions back while their receipt is being written: their taker may go before it is. Written, they are done,
   * also when the receipt was there already and moved nothing; not written, somebody else may want them now.
   */
  async settling<T>(positions: readonly number[], written: Promise<T>): Promise<T> {
    for (const position of positions) this.#settling.set(position, (this.#settling.get(position) ?? 0) + 1);
    try {
      const outcome = await written;
      this.#unsettle(positions);
      for (const position of positions) this.settled(position);
      return outcome;
    } catch (error) {
      this.#unsettle(positions);
      this.#services.hub.mail(this.session);
      throw error;
    }
  }

  #unsettle(positions: readonly number[]): void {
    for (const position of positions) {
      const left = (this.#settling.get(position) ?? 1) - 1;
      if (left > 0) this.#settling.set(position, left);
      else this.#settling.delete(position);
    }
  }

  /** A receipt was applied. */
  settled(position: number): void {
    this.#attempts.delete(position);
    if (this.#claims.delete(position)) this.wake();
  }

  get #outlets(): readonly Outlet[] {
    return this.#services.pumps.outletsOf(this.session);
  }

  /** There may be something to push. Many calls of one turn are one push. */
  wake(): void {
    if (this.#isWoken || this.#outlets.length === 0) return;
    this.#isWoken = true;
    queueMicrotask(() => {
      this.#isWoken = false;
      for (const outlet of [...this.#outlets]) this.#tryPush(outlet);
    });
  }

  /** A disk that cannot be read now is read again: nothing else would wake us when it can. */
  #tryPush(outlet: Outlet): void {
    try {
      this.#push(outlet);
    } catch (error) {
      this.#services.log.error({ error }, 'mail could not be read; tried again in a second');
      // Of that session, and not of this pump: it has nothing to do, and may be forgotten until then.
      this.#services.clock.after(AGAIN, () => this.#services.pumps.wake(this.session));
    }
  }

  /** Claims the oldest unhanded envelopes that nobody holds: at most `count`, and a page of bytes. Oldest first. */
  take(taker: Taker, { count, filter = {} }: Take): Envelope[] {
    const { store, halt, brakes } = this.#services;
    const session = sessionById(store, this.session);
    if (!session || halt.until !== undefined) return [];
    const page = new Page(count);
    try {
      this.#fill(page, taker, this.#free(session, filter, count), session);
    } catch (error) {
      // Nobody gets what was read before the disk failed.
      for (const { position } of page.messages) this.#giveBack(position);
      throw error;
    }
    const positions = page.messages.map(({ position }) => position);
    brakes.gave(this.session, positions);
    return page.messages;
  }

  #fill(page: Page, taker: Taker, positions: Iterable<number>, { claims }: SessionRow): void {
    for (const position of positions) {
      const attempts = Math.max(claims.get(position) ?? 0, this.#attempts.get(position) ?? 0);
      const envelope = this.#load(position, attempts);
      if (!envelope) continue;
      if (!page.add(attempts > 0 ? { ...envelope, redelivered: true } : envelope)) break;
      this.#claims.set(position, taker);
      this.#attempts.set(position, attempts + 1);
      if (page.isFull) break;
    }
  }

  /**
   * Makes durable that these were given to the taker: awaited before an answer holds them, so that their redelivery is
   * marked whoever dies.
   */
  async remember(messages: readonly Envelope[]): Promise<void> {
    if (messages.length > 0) await this.#services.journal.submit(this.#claim(messages));
  }

  /** The taker was told of an error in their place. What it still claims of them is free, and whoever waits for mail hears of it. */
  giveBack(taker: Taker, messages: readonly Envelope[]): void {
    const held = messages.filter(({ position }) => this.#claims.get(position) === taker);
    for (const { position } of held) this.#giveBack(position);
    if (held.length > 0) this.#services.hub.mail(this.session);
  }

  /** It was never given out: that does not count as a try. */
  #giveBack(position: number): void {
    this.#claims.delete(position);
    const before = (this.#attempts.get(position) ?? 1) - 1;
    if (before > 0) this.#attempts.set(position, before);
    else this.#attempts.delete(position);
  }

  /** How many of `filter` are unhanded and held by nobody. */
  remaining(filter: InboxFilter = {}): number {
    const session = sessionById(this.#services.store, this.session);
    if (!session) return 0;
    if (Object.keys(filter).length > 0) return [...this.#free(session, filter, LIMITS.inboxMessages)].length;
    const held = new Set([...this.#claims.keys(), ...this.#settling.keys()]);
    return Math.max(0, countUnhanded(this.#services.store, session) - held.size);
  }

  /** How many are unhanded, claimed ones included. */
  unread(): number {
    return this.#services.pumps.unread(this.session);
  }

  /** Unhanded and held by nobody, oldest first, read in pages of about `count`: what is expired or dead takes nobody's place. */
  *#free(session: SessionRow, filter: InboxFilter, count: number): Generator<number> {
    const page = count + this.#claims.size + this.#settling.size;
    for (let after = 0; ; ) {
      const positions = unhandedMatching(this.#services.store, session, after, page, filter);
      for (const position of positions) {
        if (!this.#claims.has(position) && !this.#settling.has(position)) yield position;
      }
      const last = positions.at(-1);
      if (last === undefined || positions.length < page) return;
      after = last;
    }
  }

  /** The envelope, unless its life is over. */
  #load(position: number, attempts: number): Envelope | undefined {
    const { store } = this.#services;
    const row = envelopeRow(store, position);
    if (!row) return undefined;
    if (row.expires_at !== null && row.expires_at <= this.#services.relayTime()) return undefined;
    if (!isIntact(row)) return this.#bury(position, DAMAGED);
    if (attempts < LIMITS.attempts) return toEnvelope(store, row);
    return this.#bury(position, `given out ${attempts} times and never handed`);
  }

  /** It is given to nobody any more, and its sender is told why. */
  #bury(position: number, reason: string): undefined {
    const { journal, log, now, onDamaged } = this.#services;
    if (reason === DAMAGED) onDamaged(position);
    const command = {
      type: 'receipt',
      at: now(),
      session: this.session,
      state: 'dead',
      positions: [position],
      reason,
    } as const;
    journal.post(command).catch((error) => log.warn({ error }, 'a dead envelope could not be marked'));
  }

  /** What is pushed does not wait for the disk: a crash within milliseconds costs its redelivery the mark. */
  #rideAlong(messages: readonly Envelope[]): void {
    this.#services.journal
      .post(this.#claim(messages))
      .catch((error) => this.#services.log.warn({ error }, 'a claim could not be written'));
  }

  #claim(messages: readonly Envelope[]): Claim {
    return { type: 'claim', session: this.session, positions: messages.map((message) => message.position) };
  }

  #push(outlet: Outlet): void {
    if (outlet.window === 0) return outlet.more(this.unread());
    for (;;) {
      const room = outlet.window - this.#held(outlet);
      if (room <= 0 || outlet.isSlow) break;
      const messages = this.take(outlet, { count: Math.min(room, BURST) });
      if (messages.length === 0) return;
      this.#rideAlong(messages);
      outlet.deliver(messages, this.unread());
    }
    if (this.remaining() > 0) outlet.more(this.unread());
  }

  #held(outlet: Outlet): number {
    let held = 0;
    for (const taker of this.#claims.values()) if (taker === outlet) held++;
    return held;
  }
}

const NONE: readonly Outlet[] = [];

/** One pump a session, made when there is something for it to do. */
export class Pumps {
  readonly #services: Services;
  readonly #pumps = new Map<number, Pump>();
  /** Connections that want their mail, by session. */
  readonly #outlets = new Map<number, readonly Outlet[]>();

  constructor(services: Services) {
    this.#services = services;
  }

  of(session: number): Pump {
    let pump = this.#pumps.get(session);
    if (!pump) {
      pump = new Pump(session, this.#services);
      this.#pumps.set(session, pump);
    }
    return pump;
  }

  attach(session: number, outlet: Outlet): void {
    const others = this.#outlets.get(session);
    this.#outlets.set(session, others ? [...others, outlet] : [outlet]);
    if (this.unread(session) > 0) this.wake(session);
  }

  outletsOf(session: number): readonly Outlet[] {
    return this.#outlets.get(session) ?? NONE;
  }

  /** There may be something to push. */
  wake(session: number): void {
    if (this.#outlets.has(session)) this.of(session).wake();
  }

  /** How many are unhanded, without making a pump. */
  unread(session: number): number {
    const row = sessionById(this.#services.store, session);
    return row ? countUnhanded(this.#services.store, row) : 0;
  }

  settled(session: number, position: number): void {
    this.#pumps.get(session)?.settled(position);
  }

  /** The taker is gone. */
  release(session: number, taker: Taker): void {
    const left = this.outletsOf(session).filter((outlet) => outlet !== taker);
    if (left.length > 0) this.#outlets.set(session, left);
    else this.#outlets.delete(session);
    this.#pumps.get(session)?.release(taker);
  }

  isHolding(session: number, taker: Taker): boolean {
    return this.#pumps.get(session)?.isHolding(taker) ?? false;
  }

  /** Forgets those that have nothing to do; now and then, since most have again soon. */
  sweep(): void {
    for (const [session, pump] of this.#pumps) if (pump.isIdle) this.#pumps.delete(session);
  }
}
