/** Codex's hooks: Claude Code's shapes, and no field beside them (its schemas refuse unknown ones). */
import { additionalContext, blocked, type Dialect, readEvent } from '../dialect.ts';

const KINDS = {
  SessionStart: 'start',
  UserPromptSubmit: 'prompt',
  PostToolUse: 'tool',
  Stop: 'turn-end',
} as const;

export const codexDialect: Dialect = {
  // 2,500 tokens; what is longer goes to a file.
  chars: 7_000,
  continuations: 6,
  read: (call) =>
    readEvent(call, KINDS, { session: ['session_id'], transcript: ['transcript_path'], tool: ['tool_name'] }),
  say: (call, { kind }, text) => (kind === 'turn-end' ? blocked(text) : additionalContext(call.event, text)),
};
