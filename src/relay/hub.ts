/** Who listens to what: an applied command wakes those, and only those, whom it concerns. */
import type { Effect } from '../state/command.ts';
import { openChannels } from '../state/queries/channels.ts';
import { ALL_CHANNEL } from '../state/schema.ts';
import type { Store } from '../state/store.ts';

export interface Ear {
  /** It waits to take what comes (a `receive` that waits): its session is reachable now, also without a connection. */
  readonly takes?: boolean;
  /** There may be unread mail. */
  onMail(): void;
  /** Something was stored that this session may see, its own sends included. */
  onNews?(): void;
  /** One of its sends came further. */
  onReceipt?(receipt: Effect & { kind: 'receipt' }): void;
}

interface Listening {
  readonly ears: Ear[];
  /** What it follows, but for its own channel. */
  channels: readonly number[];
}

/** What most follow: one list for them all. */
const ALL_ONLY: readonly number[] = [ALL_CHANNEL];
const NOBODY: ReadonlySet<number> = new Set();

export class Hub {
  readonly #store: Store;
  readonly #sessions = new Map<number, Listening>();
  /** Room, or all → sessions. A session's own channel has its id. */
  readonly #channels = new Map<number, Set<number>>();
  /** Session → how many wait. */
  readonly #awaited = new Map<number, number>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** Starts to listen for a session. Returns the way to stop. */
  listen(session: number, ear: Ear): () => void {
    this.add(session, ear);
    return () => this.remove(session, ear);
  }

  add(session: number, ear: Ear): void {
    const listening = this.#sessions.get(session);
    if (listening) listening.ears.push(ear);
    else this.#begin(session, ear);
    if (ear.takes) this.#awaited.set(session, (this.#awaited.get(session) ?? 0) + 1);
  }

  /** May be called twice. */
  remove(session: number, ear: Ear): void {
    const listening = this.#sessions.get(session);
    if (!listening || !removed(listening.ears, ear)) return;
    if (ear.takes) this.#waitsNoMore(session);
    if (listening.ears.length > 0) return;
    for (const channel of listening.channels) this.#untune(session, channel);
    this.#sessions.delete(session);
  }

  /** Sessions whose mail somebody is waiting for right now. */
  awaited(): ReadonlySet<number> {
    return this.#awaited.size === 0 ? NOBODY : new Set(this.#awaited.keys());
  }

  /** There may be mail for that session again: what somebody held is free. */
  mail(session: number): void {
    for (const ear of this.#ears(session)) ear.onMail();
  }

  /** There may be mail for everybody who listens. */
  wakeAll(): void {
    for (const session of [...this.#sessions.keys()]) this.mail(session);
  }

  tell(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'stored') this.#stored(effect);
      else if (effect.kind === 'receipt') for (const ear of this.#ears(effect.sender)) ear.onReceipt?.(effect);
      else if (effect.kind === 'followed') this.#followed(effect);
    }
  }

  /** Lists as long as they have to be: one that something is pushed to makes room for sixteen more. */
  #begin(session: number, ear: Ear): void {
    const channels = openChannels(this.#store, session).filter((channel) => channel !== session);
    this.#sessions.set(session, { ears: [ear], channels: asShared(channels) });
    for (const channel of channels) this.#tune(session, channel);
  }

  #stored({ sender, channels }: Effect & { kind: 'stored' }): void {
    for (const ear of this.#ears(sender)) ear.onNews?.();
    for (const channel of channels) {
      if (this.#sessions.has(channel)) this.#arrived(channel);
      for (const session of this.#channels.get(channel) ?? []) if (session !== sender) this.#arrived(session);
    }
  }

  #arrived(session: number): void {
    for (const ear of this.#ears(session)) {
      ear.onMail();
      ear.onNews?.();
    }
  }

  #followed({ session, channel, on }: Effect & { kind: 'followed' }): void {
    const listening = this.#sessions.get(session);
    if (!listening) return;
    const others = listening.channels.filter((each) => each !== channel);
    listening.channels = asShared(on ? [...others, channel] : others);
    if (on) this.#tune(session, channel);
    else this.#untune(session, channel);
  }

  /** A copy: who is told may stop to listen, or others begin. */
  #ears(session: number): readonly Ear[] {
    const ears = this.#sessions.get(session)?.ears;
    return ears ? [...ears] : [];
  }

  #tune(session: number, channel: number): void {
    const sessions = this.#channels.get(channel);
    if (sessions) sessions.add(session);
    else this.#channels.set(channel, new Set([session]));
  }

  #untune(session: number, channel: number): void {
    const sessions = this.#channels.get(channel);
    sessions?.delete(session);
    if (sessions?.size === 0) this.#channels.delete(channel);
  }

  #waitsNoMore(session: number): void {
    const left = (this.#awaited.get(session) ?? 1) - 1;
    if (left > 0) this.#awaited.set(session, left);
    else this.#awaited.delete(session);
  }
}

function asShared(channels: readonly number[]): readonly number[] {
  return channels.length === 1 && channels[0] === ALL_CHANNEL ? ALL_ONLY : [...channels];
}

/** Was it there? */
function removed<T>(list: T[], entry: T): boolean {
  const index = list.indexOf(entry);
  if (index >= 0) list.splice(index, 1);
  return index >= 0;
}
