/** What goes into the files of more than one agent program: an MCP server, and hooks in the ways that they are written. */
import type { Path } from './edit/edit.ts';
import { type JsonEntry, type JsonObject, member } from './edit/json.ts';
import { hooks } from './edit/json-hooks.ts';
import type { Dialect } from './edit/json-text.ts';
import { extraArguments, hookCommand, hookLine, isOurHook, isOurServer, type Launch, mcpCommand } from './launch.ts';

/** Names its tools in every program (`mcp__relay__relay_send`). */
export const SERVER = 'relay';

/** Longer than a hook ever takes; it fails open long before. Seconds. */
export const HOOK_SECONDS = 5;

export const STRICT_JSON: Dialect = { comments: false, trailingCommas: false, mark: false };
export const JSON_WITH_COMMENTS: Dialect = { comments: true, trailingCommas: true, mark: true };

/** `command` and `args`, and what the program wants besides; what the user added to the entry stays in it. */
export function server(path: Path, launch: Launch, more: JsonObject = {}): JsonEntry {
  const [command, ...args] = mcpCommand(launch);
  const value = (there?: unknown): JsonObject => ({ ...more, command, args: [...args, ...extraArguments(there)] });
  return member({ path, name: SERVER, value, isOurs: isOurServer });
}

interface HookInput {
  readonly launch: Launch;
  readonly program: string;
  readonly event: string;
}

/** For Claude Code: started without a shell. */
export function execHandler({ launch, program, event }: HookInput): JsonObject {
  const [command, ...args] = hookCommand(launch, program, event);
  return { type: 'command', command, args, timeout: HOOK_SECONDS };
}

/** For the programs that give the command to a shell. */
export function shellHandler({ launch, program, event }: HookInput, more: JsonObject = {}): JsonObject {
  return { type: 'command', command: hookLine(launch, program, event), timeout: HOOK_SECONDS, ...more };
}

/** A group of handlers for one event, for every tool: the way of Claude Code, which others took over. */
export function hookGroup(program: string, event: string, handlers: readonly JsonObject[]): JsonEntry {
  return hooks({ path: ['hooks', event], item: { hooks: handlers }, isOurs: isOurHook(program) });
}
