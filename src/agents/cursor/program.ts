/** Cursor, the editor and its command line. From its documents; not run. */
import { type Dialect, printed, readEvent } from '../dialect.ts';
import type { AgentProgram } from '../program.ts';

const KINDS = { sessionStart: 'start', postToolUse: 'tool', stop: 'turn-end', sessionEnd: 'end' } as const;

const dialect: Dialect = {
  chars: 20_000,
  // Its own limit is 5 a loop, unless the hook's entry says otherwise.
  continuations: 4,
  read(call) {
    const event = readEvent(call, KINDS, { session: ['conversation_id', 'session_id'], tool: ['tool_name'] });
    const { loop_count: loops } = call.input;
    return event && (typeof loops === 'number' && loops > 0 ? { ...event, isContinued: true } : event);
  },
  say(_call, { kind }, text) {
    if (kind === 'end') return undefined;
    return printed(kind === 'turn-end' ? { followup_message: text } : { additional_context: text });
  },
};

export const cursor: AgentProgram = {
  id: 'cursor',
  title: 'Cursor',
  signs: { marks: ['CURSOR_VERSION', 'CURSOR_TRACE_ID'], version: 'CURSOR_VERSION' },
  clientName: 'cursor',
  dialect,
};
