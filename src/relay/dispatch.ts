import { RelayError } from '../protocol/codes.ts';
import { resultText } from '../protocol/texts.ts';
import { type Args, isVerb, NAMELESS, type Results, VERBS, type Verb } from '../protocol/verbs.ts';
import { permitted, worded } from './permit.ts';
import { actorOf, type Call, type VerbHandler } from './verb.ts';
import { HANDLERS } from './verbs/index.ts';

/** Checks the arguments and runs the verb. Rejects with `unknown_verb`, `bad_request`, `name_required`, or what the verb says. */
export async function dispatch(call: Call, verb: string, args: unknown): Promise<Results[Verb]> {
  const which = known(call, verb);
  return worded(call, which, await handled(call, which, args));
}

/** As `dispatch`; the result as JSON. */
export async function dispatchText(call: Call, verb: string, args: unknown): Promise<string> {
  const which = known(call, verb);
  return resultText(which, worded(call, which, await handled(call, which, args)));
}

function known(call: Call, verb: string): Verb {
  if (!isVerb(verb))
    throw new RelayError('unknown_verb', `There is no such verb; there are: ${Object.keys(VERBS).join(', ')}.`);
  if (!NAMELESS.has(verb)) actorOf(call);
  call.services.count('requests');
  return verb;
}

/** Not `async`: a promise more for each request. Whoever calls it is. */
function handled<V extends Verb>(call: Call, verb: V, args: unknown): Promise<Results[V]> | Results[V] {
  const handler: VerbHandler<V> = HANDLERS[verb];
  // Each verb's shape reads that verb's arguments: the table in `protocol/verbs.ts` is the proof of this cast.
  const read = VERBS[verb].read(args ?? {}, '') as Args<V>;
  return handler(call, permitted(call, verb, read));
}
