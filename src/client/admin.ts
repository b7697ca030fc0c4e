/** `POST /admin/<task>` of a running relay: an answer of any length, as it comes. */
import type { IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { RelayError } from '../protocol/codes.ts';
import { type OnceOptions, requestTo } from './once.ts';
import { relayUrl } from './place.ts';
import { refusal } from './reach.ts';

export type AdminTask = 'backup' | 'export' | 'verify' | 'prune';
export type AdminPlace = Pick<OnceOptions, 'url' | 'token' | 'signal'>;

/** Of a refusal or a JSON answer. Characters. */
const LONGEST = 1024 * 1024;

/** Rejects with a RelayError that says what to do, or with the signal's reason. */
export async function askAdmin(task: AdminTask, args: object, place: AdminPlace): Promise<unknown> {
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

async function begin(task: AdminTask, args: object, place: AdminPlace): Promise<IncomingMessage> {
  const named = relayUrl(place.url);
  const signal = place.signal ?? new AbortController().signal;
  const answer = await requestTo(named, `/admin/${task}`, JSON.stringify(args), place, signal);
  if (answer.statusCode === 200) return answer;
  throw refusal(named, answer.statusCode ?? 0, await textOf(answer));
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
