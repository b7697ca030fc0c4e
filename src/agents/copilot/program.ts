/** Copilot CLI. Our extension runs beside it, and is its door; facts as of 1.0.102. */
import { blocked, type Dialect, printed, readEvent } from '../dialect.ts';
import type { AgentProgram } from '../program.ts';

const KINDS = {
  sessionStart: 'start',
  userPromptSubmitted: 'prompt',
  postToolUse: 'tool',
  agentStop: 'turn-end',
  sessionEnd: 'end',
} as const;

const dialect: Dialect = {
  chars: 9_500,
  // It ends the turn itself after eight.
  continuations: 6,
  read: (call) =>
    readEvent(call, KINDS, { session: ['sessionId'], transcript: ['transcriptPath'], tool: ['toolName'] }),
  say(_call, { kind }, text) {
    if (kind === 'turn-end') return blocked(text);
    return kind === 'end' ? undefined : printed({ additionalContext: text });
  },
};

export const copilot: AgentProgram = {
  id: 'copilot',
  title: 'Copilot CLI',
  signs: {
    marks: ['COPILOT_AGENT_SESSION_ID'],
    session: 'COPILOT_AGENT_SESSION_ID',
    version: 'COPILOT_CLI_BINARY_VERSION',
  },
  clientName: 'copilot',
  dialect,
  plugin: 'extension',
};
