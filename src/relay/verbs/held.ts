/** What waits for a person, and what they decide. */

import { RelayError } from '../../protocol/codes.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { countHeld, heldFor, toHeldInfo } from '../../state/queries/held.ts';
import { personNameOf } from '../../state/queries/people.ts';
import { sessionById } from '../../state/queries/sessions.ts';
import { FOR_GOOD } from '../halt.ts';
import { actorOf, type Call, type VerbHandler } from '../verb.ts';

export const held: VerbHandler<'held'> = (call, args) => {
  const { store } = call.services;
  const person = personNameOf(store, actorOf(call));
  const rows = heldFor(store, person, args.count ?? LIMITS.page);
  const shown = rows.flatMap((row) => toHeldInfo(store, row) ?? []);
  return { held: shown, more: countHeld(store, person) - rows.length };
};

export const decide: VerbHandler<'decide'> = async (call, { stance, of, always = false }) => {
  const { journal, store, now } = call.services;
  const person = personNameOf(store, personIn(call));
  return (await journal.submit({ type: 'decide', at: now(), person, stance, of, always })).outcome;
};

export const pause: VerbHandler<'pause'> = async (call, { for_seconds, resume = false }) => {
  personIn(call);
  if (resume && for_seconds !== undefined)
    throw new RelayError('bad_request', 'Say either for how long, or that it is over.');
  const { journal, relayTime } = call.services;
  const until = for_seconds === undefined ? FOR_GOOD : relayTime() + for_seconds * 1_000;
  await journal.submit({ type: 'pause', until: resume ? 0 : until });
  return resume ? {} : { until: told(until) };
};

/** The end of a pause as it is told: one that has none is 0. */
export function told(until: number): number {
  return until === FOR_GOOD ? 0 : until;
}

/** An agent decides nothing: it may be doing what a message told it to. */
function personIn(call: Call): number {
  const session = actorOf(call);
  if (sessionById(call.services.store, session)?.kind === 'agent') throw new RelayError('person_only');
  return session;
}
