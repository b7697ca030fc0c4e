/** Antigravity's command line (agy) and editor. From documents and from hooks that others wrote; not run. */
import { type Dialect, printed, readEvent } from '../dialect.ts';
import type { AgentProgram } from '../program.ts';

/** Before each request to its model something may be put in: at a prompt, and between two tool calls. */
const KINDS = { SessionStart: 'start', PreInvocation: 'tool', Stop: 'turn-end' } as const;

const dialect: Dialect = {
  chars: 18_000,
  continuations: 6,
  // It wants an object from every hook.
  nothing: printed({}),
  read: (call) => readEvent(call, KINDS, { session: ['conversationId', 'session_id'] }),
  say(_call, { kind }, text) {
    if (kind === 'turn-end') return printed({ decision: 'continue', reason: text });
    return kind === 'tool' ? printed({ injectSteps: [{ ephemeralMessage: text }] }) : undefined;
  },
};

export const antigravity: AgentProgram = {
  id: 'antigravity',
  title: 'Antigravity',
  clientName: 'antigravity',
  traits: { waitSeconds: 240 },
  dialect,
};
