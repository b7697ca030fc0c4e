/** What a verb is given, whichever way the request came. */
import { RelayError } from '../protocol/codes.ts';
import type { Args, Results, Verb } from '../protocol/verbs.ts';
import type { Taker } from './pump.ts';
import type { Services } from './services.ts';
import type { View } from './view.ts';

/** Who acts: proven by a key, or keyless. */
export interface Actor {
  readonly session: number;
}

export interface Call {
  readonly services: Services;
  /** Whose relay this is: what it may, and how it calls things. */
  readonly view: View;
  /** Absent when the caller gave no name. */
  readonly actor?: Actor;
  /** Holds what `receive` claims. */
  readonly taker: Taker;
  /** Aborts when the caller is gone. */
  readonly signal: AbortSignal;
}

export type VerbHandler<V extends Verb> = (call: Call, args: Args<V>) => Promise<Results[V]> | Results[V];

/** The acting session. Throws `name_required`. */
export function actorOf(call: Call): number {
  if (!call.actor)
    throw new RelayError('name_required', 'Say who acts: this needs a name (hello.name, or the Relay-As header).');
  return call.actor.session;
}
