/** `receive`: the unread mail, oldest first. What was printed is marked as seen, and nothing else is. */
import { LIMITS } from '../../protocol/limits.ts';
import type { ReceiveResult } from '../../protocol/verbs.ts';
import { EXIT, Failure } from '../../util/failure.ts';
import type { Command, Context } from '../command.ts';
import { AS, RelayAccess } from '../relay.ts';
import { MAX_WAIT, marked, takeWithin } from '../take.ts';
import { plural, printMessage } from '../words.ts';

export const receive: Command = {
  name: 'receive',
  summary: 'Print the unread messages, oldest first, and mark them as seen.',
  details: `Says on stderr how many more there are. What could not be printed stays unread.
With --wait the exit code is 5 when nothing came in time.`,
  options: [
    AS,
    { flag: '--wait', value: 'seconds', sentence: 'if there is nothing, wait so long for something' },
    { flag: '--count', value: 'number', sentence: 'at most so many (default: 20)' },
    { flag: '--from', value: 'name', sentence: 'only from this sender' },
    { flag: '--thread', value: 'thread', sentence: 'only of this conversation' },
    { flag: '--peek', sentence: 'look only: everything stays unread' },
  ],
  settings: ['relayUrl'],
  json: true,
  examples: [
    { line: 'claude-relay receive', says: 'what is there', needs: 'relay' },
    {
      line: 'claude-relay receive --as CC-2 --wait 60',
      says: 'as another session, for up to a minute',
      needs: 'relay',
    },
    { line: 'claude-relay receive --peek --json', says: 'look without marking, for a script', needs: 'relay' },
  ],
  run: (ctx) => (ctx.given.has('--peek') ? look(ctx) : take(ctx)),
};

async function take(ctx: Context): Promise<number> {
  const { given, out, signal } = ctx;
  const seconds = given.number('--wait', { min: 0, max: MAX_WAIT });
  const relay = new RelayAccess(ctx, { as: given.text('--as') });
  const result = await takeWithin(relay, wanted(ctx), { seconds: seconds ?? 0, signal });
  print(ctx, result, seconds === undefined ? 'No unread messages.' : `Nothing came within ${seconds} s.`);
  await marked(out, relay, result.messages);
  return result.messages.length === 0 && seconds !== undefined ? EXIT.nothing : EXIT.ok;
}

async function look(ctx: Context): Promise<number> {
  if (ctx.given.text('--wait') !== undefined) throw new Failure('usage', '--peek does not wait; leave out --wait.');
  const relay = new RelayAccess(ctx, { as: ctx.given.text('--as') });
  print(ctx, await relay.ask('inbox', wanted(ctx)), 'No unread messages.');
  return EXIT.ok;
}

function wanted({ given }: Context) {
  const [from, thread] = [given.text('--from'), given.text('--thread')];
  return {
    count: given.integer('--count', { min: 1, max: LIMITS.page }) ?? 20,
    ...(from === undefined ? {} : { from }),
    ...(thread === undefined ? {} : { thread }),
  };
}

function print({ out }: Context, result: ReceiveResult, nothing: string): void {
  const { messages, more } = result;
  if (out.isJson) out.json(result);
  else for (const message of messages) printMessage(out, message);
  if (messages.length === 0) out.say(nothing);
  if (more > 0) out.say(`${plural(more, 'more message')} unread.`);
}
