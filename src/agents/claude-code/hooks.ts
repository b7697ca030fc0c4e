/** Which of Claude Code's events we hear, and the one entry more that waits. */
import { execHandler, groupedHooks, type HookLists } from '../handlers.ts';
import type { Launch } from '../launch.ts';

const ID = 'claude-code';
const EVENTS = ['SessionStart', 'UserPromptSubmit', 'PostToolUse', 'Stop', 'SessionEnd'] as const;
/** From here on a process waits for messages, for sessions that nothing else can wake; it ends at once where something can. */
const WAIT_AT: readonly string[] = ['SessionStart', 'Stop'];
/** A day. Seconds. */
const WAIT_SECONDS = 86_400;

export function claudeCodeHooks(launch: Launch): HookLists {
  const wait = { ...execHandler({ launch, program: ID, event: 'Wait' }), timeout: WAIT_SECONDS, asyncRewake: true };
  return groupedHooks(EVENTS, (event) => {
    const handler = execHandler({ launch, program: ID, event });
    return WAIT_AT.includes(event) ? [handler, wait] : [handler];
  });
}
