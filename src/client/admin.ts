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

/**
 * Rejects with a RelayError that says what to do, or with the signal's reason. `not_connected` is said only while nothing of an
 * answer has come: whoever hears it may do the work in another way.
 */
export async function askAdmin(task: AdminTask | PeopleTask, args: object, place: AdminPlace): Promise<unknown> {
  const answer = await begin(task, args, place);
  const text = await textOf(answer, place);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw brokenOff(error, place);
  }
}

/** The answer goes to `sink`. Rejects as `askAdmin`, whatever has come by then, or with the error of the sink. */
export async function streamAdmin(
  task: AdminTask,
  args: object,
  place: AdminPlace,
  sink: NodeJS.WritableStream,
): Promise<void> {
  const answer = await begin(task, args, place);
  // Each end of a pipeline is destroyed with the error of the other: the first one is the cause.
  const failed = new Set<'answer' | 'sink'>();
  answer.once('error', () => failed.add('answer'));
  const onSinkError = () => failed.add('sink');
  sink.once('error', onSinkError);
  try {
    // Somebody's standard output stays open after us; whoever opened a file closes it.
    await pipeline(answer, sink, { end: false });
  } catch (error) {
    throw [...failed][0] === 'sink' ? error : brokenOff(error, place);
  } finally {
    sink.removeListener('error', onSinkError);
  }
}

async function begin(task: AdminTask | PeopleTask, args: object, place: AdminPlace): Promise<IncomingMessage> {
  const named = relayUrl(place.url);
  const signal = place.signal ?? new AbortController().signal;
  const answer = await requestTo(named, `/admin/${task}`, JSON.stringify(args), place, signal);
  if (answer.statusCode === 200) return answer;
  throw refusal(named, answer.statusCode ?? 0, await textOf(answer, place), place.device);
}

async function textOf(answer: IncomingMessage, place: AdminPlace): Promise<string> {
  let text = '';
  answer.setEncoding('utf8');
  try {
    for await (const chunk of answer) {
      text += chunk;
      if (text.length > LONGEST) throw new RelayError('too_large', 'The answer is larger than any of a relay.');
    }
    return text;
  } catch (error) {
    throw error instanceof RelayError ? error : brokenOff(error, place);
  }
}

/** The reason of the signal, where that is why. */
function brokenOff(cause: unknown, { signal }: AdminPlace): unknown {
  if (signal?.aborted) return signal.reason;
  return new RelayError(
    'timeout',
    'The relay broke off in the middle of its answer; see whether it runs (`claude-relay status`), and try again.',
    cause,
  );
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
