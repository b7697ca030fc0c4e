/**
 * Claude Code: its MCP servers of user scope are in `~/.claude.json` (beside much else that it rewrites while it runs), hooks
 * and permissions in `~/.claude/settings.json`. It reads both as strict JSON.
 */
import { join } from 'node:path';
import { jsonEdit, rule } from '../edit/json.ts';
import { hookEntries, STRICT_JSON, server } from '../entries.ts';
import { directory, findProgram } from '../find.ts';
import type { Check, Installer, Machine, Plan, PlanOptions } from '../installer.ts';
import { SERVER } from '../launch.ts';
import { claudeCodeHooks } from './hooks.ts';

const ID = 'claude-code';
const DIALECT = { ...STRICT_JSON, mark: true };
/** All tools of our server. */
export const ALLOW_RULE = `mcp__${SERVER}__*`;

/** With the variable everything is in one directory. */
function filesOf(machine: Machine): { readonly settings: string; readonly servers: string } {
  const dir = directory(machine, 'CLAUDE_CONFIG_DIR', '.claude');
  const servers = machine.env.CLAUDE_CONFIG_DIR ? join(dir, '.claude.json') : join(machine.userHome, '.claude.json');
  return { settings: join(dir, 'settings.json'), servers };
}

export const claudeCode: Installer = {
  id: ID,
  title: 'Claude Code',
  detect(machine) {
    const { settings, servers } = filesOf(machine);
    const packages = ['@anthropic-ai/claude-code'];
    return findProgram(machine, { commands: ['claude'], packages, files: [servers, settings] });
  },
  plan: (machine, options): Plan => {
    const { settings, servers } = filesOf(machine);
    return {
      files: [
        {
          role: 'servers',
          path: servers,
          edit: jsonEdit({ dialect: DIALECT, entries: [server(['mcpServers'], machine.launch, { type: 'stdio' })] }),
          holds: `MCP server "${SERVER}"`,
          lock: `${servers}.lock`,
        },
        {
          role: 'settings',
          path: settings,
          edit: jsonEdit({ dialect: DIALECT, entries: settingsEntries(machine, options) }),
          holds: options.allowTools ? `hooks, and the rule ${ALLOW_RULE}` : 'hooks',
        },
      ],
      notes: options.allowTools ? [] : [ASKS],
      check: CHECK,
    };
  },
};

const ASKS = 'It asks before it uses a tool of the relay; --allow-tools adds a rule that lets it use them all.';

function settingsEntries({ launch }: Machine, { allowTools = false }: PlanOptions) {
  return [...hookEntries(ID, claudeCodeHooks(launch)), rule(['permissions', 'allow'], ALLOW_RULE, allowTools)];
}

const CHECK: Check = {
  command: ['claude', 'mcp', 'get', SERVER],
  read: ({ code, stdout }) => (/Status: .*Connected/.test(stdout) ? 'connected' : code === 0 ? 'listed' : 'not seen'),
};
