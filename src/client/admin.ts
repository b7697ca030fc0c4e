/** `POST /admin/<task>` of a running relay: an answer of any length, as it comes. */
import type { IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { RelayError } from '../protocol/codes.ts';
import type { Grant } from '../protocol/grant.ts';
import type { PeopleArgs, PeopleResults, PeopleTask } from '../protocol/people.ts';
import { type OnceOptions, requestTo } from './once.ts';
import { relayUrl } from './place.ts';
import { refusal } from './reach.ts';

export type AdminTask = 'backup' | 'export' | 'verify' | 'prune';
export type AdminPlace = Pick<OnceOptions, 'url' | 'token' | 'device' | 'signal'>;

/** What is sent for a task: grants as they are written. */
type PeopleWords<T extends PeopleTask> = {
  readonly [K in keyof PeopleArgs<T>]: PeopleArgs<T>[K] extends readonly Grant[] | undefined
    ? readonly string[] | undefined
    : PeopleArgs<T>[K];
};

/** Of a refusal or a JSON answer. Characters. */
const LONGEST = 1024 * 1024;

/** Rejects with a RelayError that says what to do, or with the signal's reason. */
export async function askAdmin(task: AdminTask | PeopleTask, args: object, place: AdminPlace): Promise<unknown> {
  const answer = await begin(task, args, place);
  try {
    return JSON.parse(await textOf(answer));
  } catch (error) {
    throw brokenOff(error);
  }
}

/** The answer goes to `sink`. Rejects when it broke off before its end, whatever has come by then. */
export async function streamAdmin(
  task: AdminTask,
  args: object,
  place: AdminPlace,
  sink: NodeJS.WritableStream,
): Promise<void> {
  const answer = await begin(task, args, place);
  // Somebody's standard output stays open after us; whoever opened a file closes it.
  await pipeline(answer, sink, { end: false }).catch((error) => {
    throw answer.complete ? error : brokenOff(error);
  });
}

async function begin(task: AdminTask | PeopleTask, args: object, place: AdminPlace): Promise<IncomingMessage> {
  const named = relayUrl(place.url);
  const signal = place.signal ?? new AbortController().signal;
  const answer = await requestTo(named, `/admin/${task}`, JSON.stringify(args), place, signal);
  if (answer.statusCode === 200) return answer;
  throw refusal(named, answer.statusCode ?? 0, await textOf(answer), place.device);
}

async function textOf(answer: IncomingMessage): Promise<string> {
  let text = '';
  answer.setEncoding('utf8');
  for await (const chunk of answer) {
    text += chunk;
    if (text.length > LONGEST) throw new RelayError('too_large', 'The answer is larger than any of a relay.');
  }
  return text;
}

function brokenOff(cause: unknown): RelayError {
  if (cause instanceof RelayError) return cause;
  return new RelayError('not_connected', 'The relay broke off in the middle of its answer.', cause);
}

/** `POST /admin/<task>` about people. */
export async function askPeople<T extends PeopleTask>(
  task: T,
  args: PeopleWords<T>,
  place: AdminPlace,
): Promise<PeopleResults[T]> {
  // The relay's answer to a task is that task's result: `protocol/people.ts` is the proof of this cast.
  return (await askAdmin(task, args, place)) as PeopleResults[T];
}
