/**
 * Copilot CLI. Our extension runs beside it, and is its door, where its experimental mode is on; else its hooks are all there
 * is. Facts as of 1.0.102.
 */
import { join } from 'node:path';
import { blocked, type Dialect, printed, readEvent } from '../dialect.ts';
import type { AgentProgram, Beside, Place } from '../program.ts';
import { CopilotTranscript, transcriptPath } from './transcript.ts';

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
  // It shows the model the structured form below the text: each body twice.
  traits: { replacesText: true },
  dialect,
  plugin: 'extension',
  doorless: 'our extension is not connected; it is loaded in experimental mode only',
  beside,
};

function beside({ env, userHome }: Place): Beside {
  const copilotHome = env.COPILOT_HOME || join(userHome, '.copilot');
  const transcript = new CopilotTranscript();
  return {
    doors: [],
    transcript,
    /** Its extensions are not told that it waits for its person; all else they tell better, and so do its hooks. */
    activity() {
      const { activity } = transcript;
      return activity?.doing === 'waiting' ? activity : undefined;
    },
    bound({ session, transcript: path }) {
      if (path !== undefined) transcript.follow(path);
      else if (session !== undefined) transcript.follow(transcriptPath(copilotHome, session));
    },
  };
}
