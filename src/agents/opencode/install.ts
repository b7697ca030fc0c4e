/**
 * OpenCode: MCP servers in its global configuration, which it reads whatever else it reads, and a plugin that wakes an idle
 * session. It writes `$schema` into a configuration that has none, so ours has one from the start.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { builtFile } from '../built.ts';
import { type JsonObject, jsonEdit, member } from '../edit/json.ts';
import { JSON_WITH_COMMENTS } from '../entries.ts';
import { directory, findProgram } from '../find.ts';
import type { Check, Installer, Machine, Plan } from '../installer.ts';
import { extraArguments, isOurServer, mcpCommand, SERVER } from '../launch.ts';

/** In the order in which its own `mcp add` takes them. */
const NAMES = ['opencode.json', 'opencode.jsonc'] as const;

const configDir = (machine: Machine): string => join(directory(machine, 'XDG_CONFIG_HOME', '.config'), 'opencode');

export const opencode: Installer = {
  id: 'opencode',
  title: 'OpenCode',
  detect: (machine) =>
    findProgram(machine, { commands: ['opencode'], packages: ['opencode-'], files: [configDir(machine)] }),
  plan: (machine): Plan => {
    const dir = configDir(machine);
    const path = NAMES.map((name) => join(dir, name)).find((file) => existsSync(file)) ?? join(dir, NAMES[0]);
    return {
      files: [
        {
          role: 'config',
          path,
          edit: jsonEdit({
            dialect: JSON_WITH_COMMENTS,
            seed: { $schema: 'https://opencode.ai/config.json' },
            entries: [
              member({ path: ['mcp'], name: SERVER, value: (there) => entry(machine, there), isOurs: isOurServer }),
            ],
          }),
          holds: `MCP server "${SERVER}"`,
        },
        {
          role: 'plugin',
          path: join(dir, 'plugins', 'claude-relay.js'),
          ...builtFile(machine, 'opencode-plugin.mjs'),
          holds: 'plugin that wakes idle sessions',
        },
      ],
      notes: [],
      check: CHECK,
    };
  },
};

function entry({ launch }: Machine, there: unknown): JsonObject {
  return { type: 'local', command: [...mcpCommand(launch), ...extraArguments(there)], enabled: true };
}

const CHECK: Check = {
  command: ['opencode', 'mcp', 'list'],
  read({ stdout }) {
    const line = stdout.split('\n').find((each) => each.includes(` ${SERVER} `)) ?? '';
    return /connected/.test(line) ? 'connected' : line === '' ? 'not seen' : 'listed';
  },
};
