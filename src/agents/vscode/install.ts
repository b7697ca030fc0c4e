/**
 * VS Code: the MCP servers of its default profile. Its hooks (a preview) are files that it shares with Copilot CLI and Claude
 * Code, so those that are installed for them are its hooks too; a file of its own there would run in both.
 */
import { join } from 'node:path';
import { jsonEdit } from '../edit/json.ts';
import { JSON_WITH_COMMENTS, server } from '../entries.ts';
import { findProgram } from '../find.ts';
import type { Installer, Machine, Plan } from '../installer.ts';
import { SERVER } from '../launch.ts';

export const vscode: Installer = {
  id: 'vscode',
  title: 'VS Code',
  detect: (machine) => findProgram(machine, { commands: ['code'], files: [userDir(machine)] }),
  plan: (machine): Plan => ({
    files: [
      {
        role: 'servers',
        path: join(userDir(machine), 'mcp.json'),
        edit: jsonEdit({
          dialect: JSON_WITH_COMMENTS,
          entries: [server(['servers'], machine.launch, { type: 'stdio' })],
        }),
        holds: `MCP server "${SERVER}"`,
      },
    ],
    notes: [
      'It asks once whether the server may run.',
      'Its hooks are those of ~/.copilot/hooks and ~/.claude/settings.json: install copilot or claude-code for them.',
    ],
  }),
};

function userDir({ env, platform, userHome }: Machine): string {
  if (platform === 'darwin') return join(userHome, 'Library', 'Application Support', 'Code', 'User');
  if (platform === 'win32') return join(env.APPDATA || join(userHome, 'AppData', 'Roaming'), 'Code', 'User');
  return join(env.XDG_CONFIG_HOME || join(userHome, '.config'), 'Code', 'User');
}
