/** Claude Code's hooks: context. At the end of a turn it goes on with it, without the label of an error that a block has. */
import { additionalContext, type Dialect, readEvent } from '../dialect.ts';

const KINDS = {
  SessionStart: 'start',
  UserPromptSubmit: 'prompt',
  PostToolUse: 'tool',
  Stop: 'turn-end',
  SessionEnd: 'end',
  Wait: 'wait',
} as const;

/** The exit code that an `asyncRewake` hook wakes the session with; its stderr is what the model reads. */
const REWAKE = 2;

export const claudeCodeDialect: Dialect = {
  // More is cut (code.claude.com/docs/en/hooks, additionalContext).
  chars: 9_500,
  // It ends the turn itself after eight.
  continuations: 6,
  read: (call) =>
    readEvent(call, KINDS, { session: ['session_id'], transcript: ['transcript_path'], tool: ['tool_name'] }),
  say(call, { kind }, text) {
    if (kind === 'wait') return { stderr: text, exit: REWAKE };
    return kind === 'end' ? undefined : additionalContext(call.event, text);
  },
};
