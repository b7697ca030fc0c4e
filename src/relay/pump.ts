/**
 * Inbox to taker: the only delivery path. Live, reconnect, redelivery and catch-up are these lines.
 *
 *     unhanded ──take──→ claimed ──receipt──→ handed, seen, refused
 *         ↑                 │
 *         └─────release─────┘   the taker went or its lease ran out: given again, marked `redelivered`;
 *                               after five vain claims `dead`
 *
 * A claim is held here, in memory, by one taker. That it was given is also a command that rides along, so that a
 * redelivery is marked after the death of the relay too.
 */
import { utf8Bytes } from '../protocol/check.ts';
import type { Envelope } from '../protocol/envelope.ts';
import { LIMITS } from '../protocol/limits.ts';
import { envelopeRow, toEnvelope } from '../state/queries/envelopes.ts';
import { countUnhanded, type InboxFilter, unhandedMatching } from '../state/queries/inbox.ts';
import { claimsOf, type SessionRow, sessionById } from '../state/queries/sessions.ts';
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

export class Pump {
  readonly session: number;
  readonly #services: Services;
  readonly #claims = new Map<number, Taker>();
  /** Vain claims that the state may not have heard of yet. */
  readonly #attempts = new Map<number, number>();
  readonly #outlets = new Set<Outlet>();
  #isWoken = false;

  constructor(session: number, services: Services) {
    this.session = session;
    this.#services = services;
  }

  /** Nobody is attached and nothing is claimed: it may be forgotten. */
  get isIdle(): boolean {
    return this.#outlets.size === 0 && this.#claims.size === 0 && this.#attempts.size === 0;
  }

  attach(outlet: Outlet): void {
    this.#outlets.add(outlet);
    if (this.unread() > 0) this.wake();
  }

  /** The taker is gone; what it claimed is free again. */
  release(taker: Taker): void {
    for (const outlet of this.#outlets) if (outlet === taker) this.#outlets.delete(outlet);
    let freed = false;
    for (const [position, holder] of this.#claims) {
      if (holder !== taker) continue;
      this.#claims.delete(position);
      freed = true;
    }
    if (freed) this.wake();
  }

  /** A receipt was applied. */
  settled(position: number): void {
    this.#attempts.delete(position);
    if (this.#claims.delete(position) && this.#outlets.size > 0) this.wake();
  }

  /** There may be something to push. Many calls of one turn are one push. */
  wake(): void {
    if (this.#isWoken || this.#outlets.size === 0) return;
    this.#isWoken = true;
    queueMicrotask(() => {
      this.#isWoken = false;
      for (const outlet of [...this.#outlets]) this.#push(outlet);
    });
  }

  /** Claims the oldest unhanded envelopes that nobody holds: at most `count`, and a page of bytes. Oldest first. */
  take(taker: Taker, { count, filter = {} }: Take): Envelope[] {
    const { store } = this.#services;
    const session = sessionById(store, this.session);
    if (!session) return [];
    const taken: Envelope[] = [];
    const given = claimsOf(session);
    let bytes = 0;
    for (const position of this.#free(session, count, filter)) {
      const attempts = Math.max(given.get(position) ?? 0, this.#attempts.get(position) ?? 0);
      const envelope = this.#load(position, attempts);
      if (!envelope) continue;
      bytes += utf8Bytes(envelope.body);
      if (taken.length > 0 && bytes > LIMITS.pageBytes) break;
      this.#claims.set(position, taker);
      this.#attempts.set(position, attempts + 1);
      taken.push(attempts > 0 ? { ...envelope, redelivered: true } : envelope);
    }
    this.#remember(taken);
    return taken;
  }

  /** How many of `filter` are unhanded and held by nobody. */
  remaining(filter: InboxFilter = {}): number {
    const session = sessionById(this.#services.store, this.session);
    if (!session) return 0;
    if (Object.keys(filter).length > 0) return this.#free(session, LIMITS.inboxMessages, filter).length;
    return Math.max(0, countUnhanded(this.#services.store, session) - this.#claims.size);
  }

  /** How many are unhanded, claimed ones included. */
  unread(): number {
    const session = sessionById(this.#services.store, this.session);
    return session ? countUnhanded(this.#services.store, session) : 0;
  }

  #free(session: SessionRow, count: number, filter: InboxFilter): number[] {
    const positions = unhandedMatching(this.#services.store, session, 0, count + this.#claims.size, filter);
    return positions.filter((position) => !this.#claims.has(position)).slice(0, count);
  }

  /** The envelope, unless its life is over. */
  #load(position: number, attempts: number): Envelope | undefined {
    const { store, journal } = this.#services;
    const row = envelopeRow(store, position);
    if (!row) return undefined;
    if (row.expires_at !== null && row.expires_at <= this.#services.now()) return undefined;
    if (attempts < LIMITS.attempts) return toEnvelope(store, row);
    const reason = `given out ${attempts} times and never handed`;
    const command = {
      type: 'receipt',
      at: this.#services.now(),
      session: this.session,
      state: 'dead',
      positions: [position],
      reason,
    } as const;
    journal.post(command).catch((error) => this.#services.log.warn({ error }, 'a dead envelope could not be marked'));
    return undefined;
  }

  #remember(taken: readonly Envelope[]): void {
    if (taken.length === 0) return;
    const positions = taken.map((envelope) => envelope.position);
    // Nobody waits: lost with a crash, it costs a redelivery its mark at worst, and `attempts` knows it while we live.
    const claim = { type: 'claim', session: this.session, positions } as const;
    this.#services.journal
      .post(claim)
      .catch((error) => this.#services.log.warn({ error }, 'a claim could not be written'));
  }

  #push(outlet: Outlet): void {
    if (outlet.window === 0) return outlet.more(this.unread());
    for (;;) {
      const room = outlet.window - this.#held(outlet);
      if (room <= 0 || outlet.isSlow) break;
      const messages = this.take(outlet, { count: Math.min(room, BURST) });
      if (messages.length === 0) return;
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

/** One pump a session, made when it is needed. */
export class Pumps {
  readonly #services: Services;
  readonly #pumps = new Map<number, Pump>();

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

  settled(session: number, position: number): void {
    const pump = this.#pumps.get(session);
    pump?.settled(position);
    if (pump?.isIdle) this.#pumps.delete(session);
  }

  release(session: number, taker: Taker): void {
    const pump = this.#pumps.get(session);
    pump?.release(taker);
    if (pump?.isIdle) this.#pumps.delete(session);
  }
}
