/** What goes into the files of more than one agent program: an MCP server, and hooks in the ways that they are written. */
import type { Path } from './edit/edit.ts';
import { type JsonEntry, type JsonObject, member } from './edit/json.ts';
import { hooks } from './edit/json-hooks.ts';
import type { Dialect } from './edit/json-text.ts';
import type { HookLists } from './handlers.ts';
import { extraArguments, isOurHook, isOurServer, type Launch, mcpCommand, SERVER } from './launch.ts';

export const STRICT_JSON: Dialect = { comments: false, trailingCommas: false, mark: false };
export const JSON_WITH_COMMENTS: Dialect = { comments: true, trailingCommas: true, mark: true };

/** `command` and `args`, and what the program wants besides; what the user added to the entry stays in it. */
export function server(path: Path, launch: Launch, more: JsonObject = {}): JsonEntry {
  const [command, ...args] = mcpCommand(launch);
  const value = (there?: unknown): JsonObject => ({ ...more, command, args: [...args, ...extraArguments(there)] });
  return member({ path, name: SERVER, value, isOurs: isOurServer });
}

/** The hooks of `handlers.ts`, as entries of the member `hooks`. */
export function hookEntries(program: string, lists: HookLists): JsonEntry[] {
  return Object.entries(lists).flatMap(([event, groups]) =>
    groups.map((item) => hooks({ path: ['hooks', event], item, isOurs: isOurHook(program) })),
  );
}
