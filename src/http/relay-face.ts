/** The least that HTTP needs of the relay. `relay/relay.ts` is it; tests bring a small fake. */
import type { Kind } from '../protocol/session.ts';
import type { Identity } from '../relay/identity.ts';
import type { PruneOptions } from '../relay/upkeep.ts';

/** Who acts, as the request says: a keyed name needs its key, `kind` counts for a name that is new. */
export interface Caller {
  /** As its credential proved; absent: the owner, on the relay's own machine. */
  readonly identity?: Identity;
  readonly name?: string;
  readonly key?: string;
  readonly kind?: Kind;
}

export interface RelayFace {
  /** Its name is a session from then on. Rejects with a RelayError, `name_taken` where a key is wanted. */
  enter(caller: Caller): Promise<void>;
  /** One verb. Rejects with a RelayError; ends early, having taken nothing, when the signal aborts. */
  perform(verb: string, args: unknown, caller: Caller, signal?: AbortSignal): Promise<unknown>;
  /** Calls whenever the caller's name may have mail. Returns the way to stop. */
  onMail(caller: Caller, listener: () => void): () => void;
  /** May it do what is done with the relay as a whole? */
  administers(identity: Identity): boolean;
  /** Forgets the words of what everybody is done with. Answers how many messages that were. */
  prune(options: PruneOptions): Promise<number>;
  /** Gauges, by name. */
  counts(): Readonly<Record<string, number>>;
  /** Monotone counters, by name. */
  readonly counters: ReadonlyMap<string, number>;
  /** The journal takes commands. */
  readonly ready: boolean;
}
