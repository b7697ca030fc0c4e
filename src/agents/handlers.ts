/** Hooks, in the ways in which agent programs want them written. Plain values: they go into a user's files, and into packages. */
import { hookCommand, hookLine, type Launch } from './launch.ts';

export type Members = { readonly [name: string]: unknown };

/** The groups of each event. */
export type HookLists = { readonly [event: string]: readonly Members[] };

/** Longer than a hook ever takes; it fails open long before. Seconds. */
export const HOOK_SECONDS = 5;

interface HookInput {
  readonly launch: Launch;
  readonly program: string;
  readonly event: string;
}

/** For Claude Code: started without a shell. */
export function execHandler({ launch, program, event }: HookInput): Members {
  const [command, ...args] = hookCommand(launch, program, event);
  return { type: 'command', command, args, timeout: HOOK_SECONDS };
}

/** For the programs that give the command to a shell. */
export function shellHandler({ launch, program, event }: HookInput): Members {
  return { type: 'command', command: hookLine(launch, program, event), timeout: HOOK_SECONDS };
}

/** One group an event, for every tool: the way of Claude Code, which others took over. */
export function groupedHooks(events: readonly string[], handlers: (event: string) => readonly Members[]): HookLists {
  return Object.fromEntries(events.map((event) => [event, [{ hooks: handlers(event) }]]));
}
