/** Which of Gemini CLI's events we hear. Its times are milliseconds, and it shows hooks by their name. */
import { groupedHooks, HOOK_SECONDS, type HookLists, shellHandler } from '../handlers.ts';
import type { Launch } from '../launch.ts';

const ID = 'gemini';
const EVENTS = ['SessionStart', 'BeforeAgent', 'AfterTool', 'AfterAgent', 'SessionEnd'] as const;

export function geminiHooks(launch: Launch): HookLists {
  const more = { timeout: HOOK_SECONDS * 1000, name: 'claude-relay' };
  return groupedHooks(EVENTS, (event) => [{ ...shellHandler({ launch, program: ID, event }), ...more }]);
}
