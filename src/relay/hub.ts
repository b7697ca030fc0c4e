/** Who listens to what: an applied command wakes those, and only those, whom it concerns. */
import type { Effect } from '../state/command.ts';
import { openChannels } from '../state/queries/channels.ts';
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
  readonly ears: Set<Ear>;
  channels: Set<number>;
}

const NOBODY: ReadonlySet<number> = new Set();

export class Hub {
  readonly #store: Store;
  readonly #sessions = new Map<number, Listening>();
  readonly #channels = new Map<number, Set<number>>();
  /** Session → how many wait. */
  readonly #awaited = new Map<number, number>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** Starts to listen for a session. Returns the way to stop. */
  listen(session: number, ear: Ear): () => void {
    let listening = this.#sessions.get(session);
    if (!listening) {
      listening = { ears: new Set(), channels: new Set() };
      this.#sessions.set(session, listening);
      for (const channel of openChannels(this.#store, session)) this.#follow(session, listening, channel);
    }
    listening.ears.add(ear);
    if (ear.takes) this.#awaited.set(session, (this.#awaited.get(session) ?? 0) + 1);
    return () => this.#stop(session, ear);
  }

  /** Sessions whose mail somebody is waiting for right now. */
  awaited(): ReadonlySet<number> {
    return this.#awaited.size === 0 ? NOBODY : new Set(this.#awaited.keys());
  }

  /** There may be mail for that session again: what somebody held is free. */
  mail(session: number): void {
    for (const ear of this.#ears(session)) ear.onMail();
  }

  tell(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'stored') this.#stored(effect);
      else if (effect.kind === 'receipt') for (const ear of this.#ears(effect.sender)) ear.onReceipt?.(effect);
      else if (effect.kind === 'followed') this.#followed(effect);
    }
  }

  #stored({ sender, channels }: Effect & { kind: 'stored' }): void {
    for (const ear of this.#ears(sender)) ear.onNews?.();
    for (const channel of channels) {
      for (const session of this.#channels.get(channel) ?? []) {
        if (session === sender && channel !== session) continue;
        for (const ear of this.#ears(session)) {
          ear.onMail();
          ear.onNews?.();
        }
      }
    }
  }

  #followed({ session, channel, on }: Effect & { kind: 'followed' }): void {
    const listening = this.#sessions.get(session);
    if (!listening) return;
    if (on) this.#follow(session, listening, channel);
    else this.#unfollow(session, listening, channel);
  }

  #ears(session: number): Iterable<Ear> {
    return [...(this.#sessions.get(session)?.ears ?? [])];
  }

  #follow(session: number, listening: Listening, channel: number): void {
    listening.channels.add(channel);
    let sessions = this.#channels.get(channel);
    if (!sessions) {
      sessions = new Set();
      this.#channels.set(channel, sessions);
    }
    sessions.add(session);
  }

  #unfollow(session: number, listening: Listening, channel: number): void {
    listening.channels.delete(channel);
    const sessions = this.#channels.get(channel);
    sessions?.delete(session);
    if (sessions?.size === 0) this.#channels.delete(channel);
  }

  #stop(session: number, ear: Ear): void {
    const listening = this.#sessions.get(session);
    if (!listening?.ears.delete(ear)) return;
    if (ear.takes) this.#waitsNoMore(session);
    if (listening.ears.size > 0) return;
    for (const channel of [...listening.channels]) this.#unfollow(session, listening, channel);
    this.#sessions.delete(session);
  }

  #waitsNoMore(session: number): void {
    const left = (this.#awaited.get(session) ?? 1) - 1;
    if (left > 0) this.#awaited.set(session, left);
    else this.#awaited.delete(session);
  }
}
