/** Which of Codex's events we hear. */
import { groupedHooks, type HookLists, shellHandler } from '../handlers.ts';
import type { Launch } from '../launch.ts';

const EVENTS = ['SessionStart', 'UserPromptSubmit', 'PostToolUse', 'Stop'] as const;

export function codexHooks(launch: Launch): HookLists {
  return groupedHooks(EVENTS, (event) => [shellHandler({ launch, program: 'codex', event })]);
}
