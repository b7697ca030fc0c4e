/** relay_receive: the unread mail, oldest first; or, with `replay`, the last that came in, once more. */

import { MAX_WAIT_SECONDS } from '../../agents/traits.ts';
import { peerField } from '../../protocol/address.ts';
import { flag, type Infer, integer, optional, shape } from '../../protocol/check.ts';
import { threadField } from '../../protocol/envelope.ts';
import { plural } from '../answers.ts';
import { described } from '../arguments.ts';
import { structuredMessages, wrapMessages } from '../render.ts';
import type { Session } from '../session.ts';
import { type Taken, take } from '../take.ts';
import { defineTool, type ToolAnswer, type ToolCall, WRITES } from '../tool.ts';

const DEFAULT_COUNT = 10;
const MAX_COUNT = 50;

const argumentsShape = shape({
  count: optional(integer({ min: 1, max: MAX_COUNT, description: `default ${DEFAULT_COUNT}` })),
  from: optional(described(peerField, 'only from this sender')),
  thread: optional(threadField),
  wait_seconds: optional(
    integer({ min: 0, max: MAX_WAIT_SECONDS, description: 'if there is none, wait this long for one' }),
  ),
  replay: optional(flag('show the last that came in again, read ones too; changes nothing')),
});

type Arguments = Infer<typeof argumentsShape>;

export const receiveTool = defineTool({
  name: 'relay_receive',
  description: 'Read your unread messages, oldest first, each once; says how many more there are. Can wait for one.',
  annotations: WRITES,
  // A text that the program must not spill to a file: half a page of 64 KiB bodies.
  meta: { 'anthropic/alwaysLoad': true, 'anthropic/maxResultSizeChars': 200_000 },
  shape: argumentsShape,
  run: (session, args, call) => (args.replay ? replayed(session, args, call) : unread(session, args, call)),
});

async function unread(session: Session, args: Arguments, call: ToolCall): Promise<ToolAnswer> {
  const waitSeconds = Math.min(args.wait_seconds ?? 0, call.traits.waitSeconds);
  const taken = await take(
    session,
    { filter: { from: args.from, thread: args.thread }, count: args.count ?? DEFAULT_COUNT, waitSeconds },
    call,
  );
  if (taken.messages.length === 0) return { text: nothing(args, waitSeconds), structured: { messages: [], more: 0 } };
  return {
    text: `${heading(taken)}\n${wrapMessages(taken.messages, call.random)}`,
    structured: structuredMessages(taken.messages, { more: taken.more }),
  };
}

function heading({ messages, more }: Taken): string {
  const rest = more > 0 ? `${more} more unread: call relay_receive again.` : 'No more unread.';
  return `${plural(messages.length, 'message')}, oldest first. ${rest} Answer with relay_send {"reply_to": id}.`;
}

function nothing(args: Arguments, waited: number): string {
  const which = args.from || args.thread ? 'No such unread messages' : 'No unread messages';
  if (waited > 0) return `${which} in ${waited} s. Call again to go on waiting.`;
  return `${which}. To wait for one, call relay_receive with wait_seconds.`;
}

/** History, so that nothing is taken, handed or seen by it. */
async function replayed(session: Session, args: Arguments, call: ToolCall): Promise<ToolAnswer> {
  const filter = { ...(args.from ? { with: args.from } : {}), ...(args.thread ? { thread: args.thread } : {}) };
  const { messages } = await session.request(
    'history',
    { ...filter, incoming: true, count: args.count ?? DEFAULT_COUNT },
    call.signal,
  );
  if (messages.length === 0) return { text: 'Nothing has come in yet.', structured: { messages: [], more: 0 } };
  return {
    text: `The last ${plural(messages.length, 'message')} again, oldest first; unread ones stay unread.\n${wrapMessages(messages, call.random)}`,
    structured: structuredMessages(messages, { replay: true }),
  };
}
