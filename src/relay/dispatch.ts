import { RelayError } from '../protocol/codes.ts';
import { resultText } from '../protocol/texts.ts';
import { type Args, isVerb, NAMELESS, type Results, VERBS, type Verb } from '../protocol/verbs.ts';
import { permitted, worded } from './permit.ts';
import { actorOf, type Call, type VerbHandler } from './verb.ts';
import { HANDLERS } from './verbs/index.ts';

/** Checks the arguments and runs the verb. Rejects with `unknown_verb`, `bad_request`, `name_required`, or what the verb says. */
export async function dispatch(call: Call, verb: string, args: unknown): Promise<Results[Verb]> {
  return run(call, known(call, verb), args);
}

/** As `dispatch`; the result as JSON. */
export async function dispatchText(call: Call, verb: string, args: unknown): Promise<string> {
  const which = known(call, verb);
  return resultText(which, await run(call, which, args));
}

function known(call: Call, verb: string): Verb {
  if (!isVerb(verb))
    throw new RelayError('unknown_verb', `There is no such verb; there are: ${Object.keys(VERBS).join(', ')}.`);
  if (!NAMELESS.has(verb)) actorOf(call);
  call.services.count('requests');
  return verb;
}

async function run<V extends Verb>(call: Call, verb: V, args: unknown): Promise<Results[V]> {
  const handler: VerbHandler<V> = HANDLERS[verb];
  // Each verb's shape reads that verb's arguments: the table in `protocol/verbs.ts` is the proof of this cast.
  const read = VERBS[verb].read(args ?? {}, '') as Args<V>;
  return worded(call, verb, await handler(call, permitted(call, verb, read)));
}
