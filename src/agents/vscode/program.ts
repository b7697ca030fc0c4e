/** The chat agent of VS Code. From its documents (hooks are a preview there); not run. */
import { additionalContext, type Dialect, printed, readEvent } from '../dialect.ts';
import type { AgentProgram } from '../program.ts';

const KINDS = { SessionStart: 'start', UserPromptSubmit: 'prompt', PostToolUse: 'tool', Stop: 'turn-end' } as const;

const dialect: Dialect = {
  chars: 9_500,
  continuations: 6,
  read: (call) =>
    readEvent(call, KINDS, {
      session: ['session_id', 'sessionId'],
      transcript: ['transcript_path'],
      tool: ['tool_name'],
    }),
  say: (call, { kind }, text) =>
    kind === 'turn-end'
      ? printed({ hookSpecificOutput: { hookEventName: call.event, decision: 'block', reason: text } })
      : additionalContext(call.event, text),
};

export const vscode: AgentProgram = {
  id: 'vscode',
  title: 'VS Code',
  clientName: 'Visual Studio Code',
  // Calls were reported to be cancelled at 5 minutes (microsoft/vscode#261734).
  traits: { waitSeconds: 240 },
  dialect,
};
