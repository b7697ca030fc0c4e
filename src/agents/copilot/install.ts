/**
 * GitHub Copilot CLI: MCP servers in `mcp-config.json` under COPILOT_HOME, a file of hooks, and an extension that wakes an
 * idle session. It loads extensions in experimental mode only.
 */
import { join } from 'node:path';
import { builtFile } from '../install/built.ts';
import { jsonEdit } from '../install/edit/json.ts';
import { ownedFile } from '../install/edit/owned.ts';
import { JSON_WITH_COMMENTS, server } from '../install/entries.ts';
import { directory, findProgram } from '../install/find.ts';
import { HOOK_SECONDS } from '../install/handlers.ts';
import type { Installer, Machine, Plan } from '../install/installer.ts';
import { hookLine, SERVER } from '../install/launch.ts';

const ID = 'copilot';
const EVENTS = ['sessionStart', 'userPromptSubmitted', 'postToolUse', 'agentStop', 'sessionEnd'] as const;

const isOurs = new RegExp(String.raw`\bhook(?:\.cjs)?['"]* ${ID} \w`);

const homeOf = (machine: Machine): string => directory(machine, 'COPILOT_HOME', '.copilot');

export const copilot: Installer = {
  id: ID,
  title: 'GitHub Copilot CLI',
  detect: (machine) =>
    findProgram(machine, { commands: ['copilot'], packages: ['@github/copilot'], files: [homeOf(machine)] }),
  plan: (machine): Plan => {
    const home = homeOf(machine);
    return {
      files: [
        {
          role: 'servers',
          path: join(home, 'mcp-config.json'),
          edit: jsonEdit({
            dialect: JSON_WITH_COMMENTS,
            entries: [server(['mcpServers'], machine.launch, { type: 'local', tools: ['*'] })],
          }),
          holds: `MCP server "${SERVER}"`,
        },
        {
          role: 'hooks',
          path: join(home, 'hooks', 'claude-relay.json'),
          edit: ownedFile({ content: () => hooksFile(machine), isOurs: (text) => isOurs.test(text) }),
          holds: 'hooks',
        },
        {
          role: 'extension',
          path: join(home, 'extensions', 'claude-relay', 'extension.mjs'),
          ...builtFile(machine, 'copilot-extension.mjs'),
          holds: 'extension that wakes idle sessions',
        },
      ],
      notes: [
        'It loads extensions in experimental mode only: type /experimental on in it once. Without that, messages reach it at the end of a turn.',
      ],
      check: {
        command: ['copilot', 'mcp', 'get', SERVER],
        read: ({ code }) => (code === 0 ? 'listed' : 'not seen'),
      },
    };
  },
};

function hooksFile({ launch }: Machine): string {
  const handlers = EVENTS.map((event) => [
    event,
    [{ type: 'command', bash: hookLine(launch, ID, event), timeoutSec: HOOK_SECONDS }],
  ]);
  return `${JSON.stringify({ version: 1, hooks: Object.fromEntries(handlers) }, undefined, 2)}\n`;
}
