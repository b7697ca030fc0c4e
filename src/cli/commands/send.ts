/** `send <to> <message…|->`: one message, and with `--wait` its answer. */
import type { Readable } from 'node:stream';
import { RelayError } from '../../protocol/codes.ts';
import { type Draft, ID_PATTERN } from '../../protocol/envelope.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { SendResult } from '../../protocol/verbs.ts';
import { systemClock } from '../../util/clock.ts';
import { EXIT, Failure } from '../../util/failure.ts';
import { messageId, systemRandom } from '../../util/random.ts';
import type { Command, Context } from '../command.ts';
import { AS, RelayAccess } from '../relay.ts';
import { onlyPeople, refuseSecrets } from '../secrets.ts';
import { MAX_WAIT, marked, takeWithin } from '../take.ts';
import { printMessage, sent } from '../words.ts';

type Ready = Draft & { readonly id: string };

/** Of a send whose answer was lost: the id makes it the same send each time. */
const TRIES = 3;

export const send: Command = {
  name: 'send',
  summary: 'Send a message to a session, a person, a #room, or all.',
  details: `Who is away gets it when they come back. The id, who it goes to and who is away are printed.
With --wait the answer is printed, too; exit code 5 when none came in time.
What seems to hold a secret is not sent, and it is said what it is and where; --allow-secret is for people.`,
  arguments: [
    { name: 'to', sentence: 'a name, a #room, all, or several of them with commas between' },
    { name: 'message', sentence: 'the message; - reads it from standard input', many: true },
  ],
  options: [
    AS,
    { flag: '--reply-to', value: 'id', sentence: 'the message that this one answers' },
    { flag: '--thread', value: 'thread', sentence: 'the conversation that it belongs to' },
    { flag: '--urgent', sentence: 'let it in between two tool calls, where the agent program can' },
    { flag: '--quiet', sentence: 'wake nobody: it rides along with whatever comes next' },
    { flag: '--ttl', value: 'seconds', sentence: 'it expires for whoever has not got it by then' },
    { flag: '--id', value: 'id', sentence: 'send under this id; sent again with it, it is stored once' },
    { flag: '--allow-secret', sentence: 'send it although it seems to hold a secret; from a terminal only' },
    { flag: '--wait', value: 'seconds', sentence: 'wait so long for an answer and print it' },
  ],
  settings: ['relayUrl'],
  json: true,
  examples: [
    { line: 'claude-relay send CC-2 "Is the build green?"', says: 'to one session', needs: 'relay' },
    { line: 'claude-relay send CC-1,CC-2 "Lunch."', says: 'to several', needs: 'relay' },
    { line: 'echo "a long report" | claude-relay send all -', says: 'from another program', needs: 'relay' },
    {
      line: `claude-relay send '#build' --as ci --urgent "main is red"`,
      says: 'to a room, as a script',
      needs: 'relay',
    },
    {
      line: 'claude-relay send CC-2 --wait 60 "Who holds the lock?"',
      says: 'ask, and wait for the answer',
      needs: 'relay',
    },
  ],
  async run(ctx) {
    const wait = ctx.given.integer('--wait', { min: 0, max: MAX_WAIT });
    const relay = new RelayAccess(ctx, { as: ctx.given.text('--as') });
    const draft = await draftOf(ctx);
    if (ctx.given.has('--allow-secret')) onlyPeople(ctx);
    else await refuseSecrets(draft);
    const result = await post(relay, draft);
    if (wait === undefined) return told(ctx, result);
    ctx.out.say(sent(result));
    return answered(ctx, relay, result, wait);
  },
};

async function draftOf({ given, stdin }: Context): Promise<Ready> {
  const words = given.list('message');
  const body = words.length === 1 && words[0] === '-' ? await readAll(stdin) : words.join(' ');
  if (body === '')
    throw new Failure('usage', 'The message is empty.', 'Write it after the address, or send it to stdin with -.');
  const to = given
    .required('to')
    .split(',')
    .map((word) => word.trim());
  const [replyTo, thread, id] = [given.text('--reply-to'), given.text('--thread'), given.text('--id')];
  const ttl = given.integer('--ttl', { min: 1, max: LIMITS.ttlSeconds });
  if (id !== undefined && !ID_PATTERN.test(id))
    throw new Failure('usage', '--id must be 1 to 64 letters, digits, - or _.');
  return {
    id: id ?? messageId(systemRandom, systemClock.now()),
    to,
    body,
    ...(replyTo === undefined ? {} : { reply_to: replyTo }),
    ...(thread === undefined ? {} : { thread }),
    ...priorityOf(given),
    ...(ttl === undefined ? {} : { ttl_seconds: ttl }),
  };
}

function priorityOf(given: Context['given']): Pick<Draft, 'priority'> {
  if (given.has('--urgent') && given.has('--quiet'))
    throw new Failure('usage', '--urgent and --quiet are opposites.', 'Give one of them, or none.');
  if (given.has('--urgent')) return { priority: 'urgent' };
  return given.has('--quiet') ? { priority: 'quiet' } : {};
}

/** One line break at the end is the other program's, not the message's. */
async function readAll(stdin: Context['stdin']): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stdin as Readable) {
    const piece = Buffer.from(chunk);
    bytes += piece.length;
    // One more for the line break that will be dropped.
    if (bytes > LIMITS.bodyBytes + 2)
      throw new Failure('usage', 'The message is larger than 64 KiB.', 'Split it, or say where the full text is.');
    chunks.push(piece);
  }
  return Buffer.concat(chunks)
    .toString('utf8')
    .replace(/\r?\n$/, '');
}

/** Sends it again under its id when the answer was lost. What fails is not kept, and the error says so. */
async function post(relay: RelayAccess, draft: Ready): Promise<SendResult> {
  for (let left = TRIES - 1; ; left--) {
    try {
      return await relay.ask('send', draft);
    } catch (error) {
      if (!(error instanceof RelayError)) throw error;
      if (error.code === 'timeout' && left > 0) continue;
      if (error.code === 'timeout')
        throw new Failure(
          'unreachable',
          error.message,
          `Send it again with --id ${draft.id}: then it cannot be doubled.`,
          error,
        );
      if (error.code === 'not_connected' || error.code === 'shutting_down')
        throw new Failure(
          'unreachable',
          error.message,
          'Nothing was sent, and nothing is kept here: send it again then.',
          error,
        );
      throw error;
    }
  }
}

function told({ out }: Context, result: SendResult): number {
  if (out.isJson) out.json(result);
  else out.line(sent(result));
  return EXIT.ok;
}

async function answered(ctx: Context, relay: RelayAccess, result: SendResult, seconds: number): Promise<number> {
  const { out } = ctx;
  const { messages } = await takeWithin(relay, { reply_to: result.id, count: 1 }, { seconds, signal: ctx.signal });
  const [reply] = messages;
  if (out.isJson) out.json({ ...result, reply: reply ?? null });
  else if (reply) printMessage(out, reply);
  if (reply) await marked(out, relay, messages);
  else out.say(`No answer within ${seconds} s; when it comes, claude-relay receive has it.`);
  return reply ? EXIT.ok : EXIT.nothing;
}
