/** Gemini CLI. From the sources of 0.61.0. Nothing from outside wakes it: mail goes in at its hooks. */
import { additionalContext, type Dialect, printed, readEvent } from '../dialect.ts';
import type { AgentProgram } from '../program.ts';

const KINDS = {
  SessionStart: 'start',
  BeforeAgent: 'prompt',
  AfterTool: 'tool',
  AfterAgent: 'turn-end',
  SessionEnd: 'end',
} as const;

const dialect: Dialect = {
  chars: 20_000,
  continuations: 6,
  read: (call) =>
    readEvent(call, KINDS, { session: ['session_id'], transcript: ['transcript_path'], tool: ['tool_name'] }),
  // A turn that is denied goes on, with the reason as its next prompt.
  say: (call, { kind }, text) =>
    kind === 'turn-end'
      ? printed({ decision: 'deny', reason: text })
      : kind === 'end'
        ? undefined
        : additionalContext(call.event, text),
};

export const gemini: AgentProgram = {
  id: 'gemini',
  title: 'Gemini CLI',
  // Its hooks have the one, its MCP servers the other.
  signs: { marks: ['GEMINI_SESSION_ID', 'GEMINI_CLI'], session: 'GEMINI_SESSION_ID' },
  clientName: 'gemini',
  // 600 s a request.
  traits: { waitSeconds: 240 },
  dialect,
};
