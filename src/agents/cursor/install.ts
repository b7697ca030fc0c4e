/** Cursor, the editor and its CLI: both read `~/.cursor/mcp.json` and `~/.cursor/hooks.json`. It has no way to wake an idle session. */
import { join } from 'node:path';
import { type JsonEntry, jsonEdit } from '../edit/json.ts';
import { hooks } from '../edit/json-hooks.ts';
import { JSON_WITH_COMMENTS, STRICT_JSON, server } from '../entries.ts';
import { findProgram } from '../find.ts';
import { HOOK_SECONDS } from '../handlers.ts';
import type { Installer, Machine, Plan } from '../installer.ts';
import { hookLine, isOurHook, SERVER } from '../launch.ts';

const ID = 'cursor';
const EVENTS = ['sessionStart', 'postToolUse', 'stop'] as const;

export const cursor: Installer = {
  id: ID,
  title: 'Cursor',
  detect: (machine) =>
    findProgram(machine, { commands: ['cursor', 'cursor-agent'], files: [join(machine.userHome, '.cursor')] }),
  plan: (machine): Plan => {
    const dir = join(machine.userHome, '.cursor');
    return {
      files: [
        {
          role: 'servers',
          path: join(dir, 'mcp.json'),
          edit: jsonEdit({ dialect: JSON_WITH_COMMENTS, entries: [server(['mcpServers'], machine.launch)] }),
          holds: `MCP server "${SERVER}"`,
        },
        {
          role: 'hooks',
          path: join(dir, 'hooks.json'),
          edit: jsonEdit({
            dialect: STRICT_JSON,
            seed: { version: 1 },
            entries: EVENTS.map((event) => hook(machine, event)),
          }),
          holds: 'hooks',
        },
      ],
      notes: ['It asks once whether the server may run: Settings, MCP.'],
    };
  },
};

/** Its lists have no groups. */
function hook({ launch }: Machine, event: string): JsonEntry {
  const item = { command: hookLine(launch, ID, event), timeout: HOOK_SECONDS };
  return hooks({ path: ['hooks', event], item, isFlat: true, isOurs: isOurHook(ID) });
}
