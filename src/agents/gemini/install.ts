/** Gemini CLI: everything in `settings.json`, which it reads as JSON with comments. It has no way to wake an idle session. */
import { join } from 'node:path';
import { jsonEdit } from '../edit/json.ts';
import { hookEntries, STRICT_JSON, server } from '../entries.ts';
import { directory, findProgram } from '../find.ts';
import type { Check, Installer, Machine, Plan } from '../installer.ts';
import { SERVER } from '../launch.ts';
import { geminiHooks } from './hooks.ts';

const ID = 'gemini';
/** For a call that waits for a message. Milliseconds. */
const TOOL_MS = 600_000;

/** The variable names what is otherwise the user's home. */
const settingsOf = (machine: Machine): string =>
  join(directory(machine, 'GEMINI_CLI_HOME'), '.gemini', 'settings.json');

export const gemini: Installer = {
  id: ID,
  title: 'Gemini CLI',
  detect: (machine) =>
    findProgram(machine, { commands: ['gemini'], packages: ['@google/gemini-cli'], files: [settingsOf(machine)] }),
  plan: (machine): Plan => ({
    files: [
      {
        role: 'settings',
        path: settingsOf(machine),
        edit: jsonEdit({
          dialect: { ...STRICT_JSON, comments: true },
          entries: [
            server(['mcpServers'], machine.launch, { timeout: TOOL_MS }),
            ...hookEntries(ID, geminiHooks(machine.launch)),
          ],
        }),
        holds: `MCP server "${SERVER}", hooks`,
      },
    ],
    notes: ['It starts MCP servers only in folders that you trust: /permissions trust.'],
    check: CHECK,
  }),
};

/** It says on stderr what it would say on stdout elsewhere. */
const CHECK: Check = {
  command: ['gemini', 'mcp', 'list'],
  read({ stdout, stderr }) {
    const line = `${stdout}\n${stderr}`.split('\n').find((each) => each.includes(` ${SERVER}: `)) ?? '';
    return /Connected/.test(line) ? 'connected' : line === '' ? 'not seen' : 'listed';
  },
};
