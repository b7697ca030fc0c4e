/** relay_history: what this session may see of the past, by words, peer, room or thread. Changes nothing. */
import { peerField, roomField } from '../../protocol/address.ts';
import { type Infer, integer, optional, shape, text } from '../../protocol/check.ts';
import { type Envelope, idField, threadField } from '../../protocol/envelope.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { plural } from '../answers.ts';
import { described } from '../arguments.ts';
import { structuredMessages, wrapMessages } from '../render.ts';
import { defineTool, READS, type ToolAnswer, type ToolCall } from '../tool.ts';

const DEFAULT_COUNT = 10;
const MAX_COUNT = 50;

const argumentsShape = shape({
  query: optional(text({ max: LIMITS.queryChars, min: 1, description: 'words to find' })),
  with: optional(described(peerField, 'only to or from this name')),
  room: optional(roomField),
  thread: optional(threadField),
  before: optional(
    integer({ min: 0, max: Number.MAX_SAFE_INTEGER, description: 'position, from the last answer, for older ones' }),
  ),
  count: optional(integer({ min: 1, max: MAX_COUNT, description: `default ${DEFAULT_COUNT}` })),
  id: optional(described(idField, 'this one, whole')),
});

type Arguments = Infer<typeof argumentsShape>;

export const historyTool = defineTool({
  name: 'relay_history',
  description: 'Search or list past messages that you sent or could see. Marks nothing as read.',
  annotations: READS,
  shape: argumentsShape,
  async run(session, args, call) {
    const { messages, more } = await session.request(
      'history',
      { ...args, count: args.count ?? DEFAULT_COUNT },
      call.signal,
    );
    if (messages.length === 0) return { text: nothing(args), structured: { messages: [] } };
    const shown = newest(messages, call.traits.answerChars);
    return found(shown, more || shown.length < messages.length, call);
  },
});

function found(messages: readonly Envelope[], more: boolean, call: ToolCall): ToolAnswer {
  const before = messages[0]?.position;
  const older = more && before !== undefined ? ` For older ones: "before": ${before}.` : '';
  return {
    text: `${plural(messages.length, 'message')}, oldest first.${older}\n${wrapMessages(messages, call.random)}`,
    structured: structuredMessages(messages, more ? { before } : {}),
  };
}

/** The newest of a page that fit into one answer; a page goes on before its oldest. */
function newest(messages: readonly Envelope[], chars: number): readonly Envelope[] {
  let room = chars;
  let first = messages.length;
  for (const message of messages.toReversed()) {
    room -= message.body.length;
    if (room < 0 && first < messages.length) break;
    first -= 1;
  }
  return messages.slice(first);
}

function nothing(args: Arguments): string {
  if (args.before !== undefined) return 'No older messages.';
  if (args.id !== undefined) return 'There is no message of that id that you may see.';
  const narrowed = [args.query, args.with, args.room, args.thread].some((value) => value !== undefined);
  return narrowed ? 'No such messages. Try fewer words, or without with, room or thread.' : 'No messages yet.';
}
