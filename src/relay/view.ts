/**
 * The relay as one person sees it. Inside, everything has the name that the owner calls it by; what a person says is put
 * into those words, and what it is told into its own. Whom it may not see is not there.
 */
import type { Envelope } from '../protocol/envelope.ts';
import type { PresenceFrame } from '../protocol/frames.ts';
import type { SessionInfo } from '../protocol/session.ts';
import { openChannels } from '../state/queries/channels.ts';
import { mayRead, maySeePresence } from '../state/queries/grants.ts';
import { inward, outward, personOf } from '../state/queries/people.ts';
import { countSessions, nameOf, recentSessions, type SessionRow, sessionById } from '../state/queries/sessions.ts';
import { countSeen, recentSeen, seenAmong } from '../state/queries/sight.ts';
import { OWNER } from '../state/schema.ts';
import type { Store } from '../state/store.ts';

/** One for each person, however many connections it has. */
export class Views {
  readonly #store: Store;
  readonly #views = new Map<number, View>();

  constructor(store: Store) {
    this.#store = store;
  }

  of(person: number): View {
    const view = this.#views.get(person) ?? new View(this.#store, person);
    this.#views.set(person, view);
    return view;
  }
}

export class View {
  readonly person: number;
  readonly isOwner: boolean;
  readonly #store: Store;

  constructor(store: Store, person: number) {
    this.#store = store;
    this.person = person;
    this.isOwner = person === OWNER;
  }

  inward(said: string): string {
    return inward(this.#store, this.person, said);
  }

  outward(name: string): string {
    return this.isOwner ? name : outward(this.#store, this.person, name);
  }

  /** Its presence is granted, or they may meet in a room. */
  sees(row: SessionRow): boolean {
    if (this.isOwner || maySeePresence(this.#store, this.person, row)) return true;
    return openChannels(this.#store, row.id).some((channel) => {
      const room = nameOf(this.#store, channel);
      return room.startsWith('#') && mayRead(this.#store, this.person, room);
    });
  }

  seesSession(session: number): boolean {
    const row = this.isOwner ? undefined : sessionById(this.#store, session);
    return this.isOwner || (row !== undefined && this.sees(row));
  }

  /** Those of the sessions that it sees, in their order. */
  seen(sessions: readonly number[]): readonly number[] {
    if (this.isOwner) return sessions;
    const seen = seenAmong(this.#store, this.person, sessions);
    return sessions.filter((session) => seen.has(session));
  }

  /** Of all that it sees, the last seen first. */
  recent(count: number): SessionRow[] {
    return this.isOwner ? recentSessions(this.#store, count) : recentSeen(this.#store, this.person, count);
  }

  /** How many sessions it sees, whether they are here or not. */
  count(): number {
    return this.isOwner ? countSessions(this.#store) : countSeen(this.#store, this.person);
  }

  envelope(envelope: Envelope): Envelope {
    if (this.isOwner) return envelope;
    return { ...envelope, from: this.outward(envelope.from), to: envelope.to.map((name) => this.outward(name)) };
  }

  info(info: SessionInfo, session: number): SessionInfo {
    return this.#worded(info, session);
  }

  /** Undefined for one whom it does not see. */
  presence(frame: PresenceFrame, session: number): PresenceFrame | undefined {
    if (!this.seesSession(session)) return undefined;
    const was = frame.was === undefined ? {} : { was: this.outward(frame.was) };
    return this.#worded({ ...frame, ...was }, session);
  }

  /** Where another person works, and on which machine, is not told. */
  #worded<T extends SessionInfo | PresenceFrame>(told: T, session: number): T {
    const worded = this.isOwner ? told : { ...told, name: this.outward(told.name) };
    if (personOf(this.#store, session) === this.person) return worded;
    const { host: _host, cwd: _cwd, ...others } = worded;
    return others as T;
  }
}
