/**
 * Antigravity (`agy`): MCP servers and hooks in the directory that it shares with the desktop application. A hook of its is a
 * member of the file, named after whoever put it there. It drops a file of hooks that is not strict JSON, and says nothing.
 */
import { join } from 'node:path';
import { type JsonObject, jsonEdit, member } from '../edit/json.ts';
import { STRICT_JSON, server } from '../entries.ts';
import { findProgram } from '../find.ts';
import { shellHandler } from '../handlers.ts';
import type { Installer, Machine, Plan } from '../installer.ts';
import { SERVER } from '../launch.ts';

const ID = 'antigravity';
/** `PreInvocation` comes before every call of the model, so also after a tool; it alone may add to what the model reads. */
const EVENTS = ['SessionStart', 'PreInvocation', 'Stop'] as const;

export const antigravity: Installer = {
  id: ID,
  title: 'Antigravity',
  detect: (machine) => {
    const dir = join(machine.userHome, '.gemini');
    return findProgram(machine, {
      commands: ['agy'],
      files: ['antigravity', 'antigravity-cli', 'config'].map((name) => join(dir, name)),
    });
  },
  plan: (machine): Plan => {
    const dir = join(machine.userHome, '.gemini', 'config');
    return {
      files: [
        {
          role: 'servers',
          path: join(dir, 'mcp_config.json'),
          edit: jsonEdit({ dialect: STRICT_JSON, entries: [server(['mcpServers'], machine.launch)] }),
          holds: `MCP server "${SERVER}"`,
        },
        {
          role: 'hooks',
          path: join(dir, 'hooks.json'),
          edit: jsonEdit({
            dialect: STRICT_JSON,
            entries: [member({ path: [], name: 'claude-relay', value: () => hooks(machine), isOurs: () => true })],
          }),
          holds: 'hooks',
        },
      ],
      notes: ['Its files have moved before: /mcp in it shows whether it reads these.'],
    };
  },
};

function hooks({ launch }: Machine): JsonObject {
  return Object.fromEntries(EVENTS.map((event) => [event, [shellHandler({ launch, program: ID, event })]]));
}
