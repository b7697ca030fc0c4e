/** relay_send: a message, or with `wait_reply_seconds` a question that returns its answer. */

import { MAX_WAIT_SECONDS } from '../../agents/traits.ts';
import { type Infer, integer, oneOf, optional, shape, text } from '../../protocol/check.ts';
import { type Draft, type Envelope, idField, PRIORITIES, threadField } from '../../protocol/envelope.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { SendResult } from '../../protocol/verbs.ts';
import { messageId } from '../../util/random.ts';
import * as answers from '../answers.ts';
import { addresses, described } from '../arguments.ts';
import { structuredMessages, wrapMessages } from '../render.ts';
import type { Kept, Session } from '../session.ts';
import { take } from '../take.ts';
import { defineTool, type ToolAnswer, type ToolCall, WRITES } from '../tool.ts';

const argumentsShape = shape({
  message: text({ max: LIMITS.bodyBytes, min: 1, bytes: true }),
  to: optional(described(addresses, 'a name, #room, or all (default); several: list or commas')),
  reply_to: optional(described(idField, 'id of the message you answer; without to, it goes back where that came from')),
  thread: optional(threadField),
  priority: optional(oneOf(PRIORITIES)),
  wait_reply_seconds: optional(
    integer({ min: 0, max: MAX_WAIT_SECONDS, description: 'ask: wait this long for the reply and return it' }),
  ),
});

type Arguments = Infer<typeof argumentsShape>;

export const sendTool = defineTool({
  name: 'relay_send',
  description:
    'Send a message to other sessions or people. Kept for those who are away; says its id and who it goes to.',
  annotations: WRITES,
  meta: { 'anthropic/alwaysLoad': true },
  shape: argumentsShape,
  async run(session, args, call) {
    const draft = draftOf(args, messageId(call.random, call.clock.now()));
    const seconds = Math.min(args.wait_reply_seconds ?? 0, call.traits.waitSeconds);
    return seconds > 0
      ? ask(session, draft, seconds, call)
      : plainAnswer(session, await session.send(draft, call.signal));
  },
});

/** The id is made here, so that a reply can be reserved before it can come. */
function draftOf(args: Arguments, id: string): Draft & { readonly id: string } {
  const to = args.to ?? (args.reply_to === undefined ? ['all'] : undefined);
  return {
    id,
    body: args.message,
    ...(to === undefined ? {} : { to }),
    ...(args.reply_to === undefined ? {} : { reply_to: args.reply_to }),
    ...(args.thread === undefined ? {} : { thread: args.thread }),
    ...(args.priority === undefined ? {} : { priority: args.priority }),
  };
}

function plainAnswer(session: Session, outcome: SendResult | Kept): ToolAnswer {
  const hint = answers.unreadHint(session.state.unread);
  return { text: `${said(session, outcome)}${hint && ` ${hint}`}`, structured: structuredOutcome(outcome) };
}

async function ask(
  session: Session,
  draft: Draft & { readonly id: string },
  seconds: number,
  call: ToolCall,
): Promise<ToolAnswer> {
  const release = call.shelf.reserve(draft.id);
  try {
    const outcome = await session.send(draft, call.signal);
    const wanted = { filter: { reply_to: draft.id }, count: 1, waitSeconds: seconds };
    const taken = await take(session, wanted, call).catch(() => undefined); // the send stands; a failed wait is only a missing reply
    return askAnswer(session, outcome, taken?.messages ?? [], seconds, call);
  } finally {
    release();
  }
}

function askAnswer(
  session: Session,
  outcome: SendResult | Kept,
  replies: readonly Envelope[],
  seconds: number,
  call: ToolCall,
): ToolAnswer {
  const structured = structuredOutcome(outcome);
  if (replies.length === 0) {
    const none = `No reply within ${seconds} s; it will come with relay_receive.`;
    return { text: `${said(session, outcome)} ${none}`, structured: { ...structured, reply: null } };
  }
  return {
    text: `Sent as ${outcome.id}. The reply:\n${wrapMessages(replies, call.random)}`,
    structured: structuredMessages(replies, structured),
  };
}

function said(session: Session, outcome: SendResult | Kept): string {
  return 'kept' in outcome ? answers.kept(outcome, session.state) : answers.sent(outcome);
}

function structuredOutcome(outcome: SendResult | Kept): Record<string, unknown> {
  return 'kept' in outcome ? { id: outcome.id, kept: true } : { id: outcome.id, to: outcome.to };
}
