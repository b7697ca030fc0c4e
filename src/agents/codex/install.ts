/**
 * Codex: MCP servers in `config.toml` under CODEX_HOME, hooks in `hooks.json` beside it or in `config.toml` itself. It warns
 * its user when both have hooks, so ours go where the user's are. Hooks run only after the user has trusted them.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { OPTION_NAMES, optionOf } from '../../config/options.ts';
import { fieldsOf } from '../../util/fields.ts';
import { type JsonObject, jsonEdit } from '../edit/json.ts';
import { type TomlTable, takesMore, tomlEdit } from '../edit/toml.ts';
import { readToml } from '../edit/toml-text.ts';
import { hookEntries, STRICT_JSON } from '../entries.ts';
import { directory, findProgram } from '../find.ts';
import type { Installer, Machine, Plan } from '../installer.ts';
import { extraArguments, isOurHook, isOurServer, mcpCommand, SERVER } from '../launch.ts';
import { codexHooks } from './hooks.ts';

const ID = 'codex';
/** As long as Codex waits by itself; written down so that a later default does not shorten our waiting. Seconds. */
const TOOL_SECONDS = 300;

export const codex: Installer = {
  id: ID,
  title: 'Codex',
  detect(machine) {
    const home = directory(machine, 'CODEX_HOME', '.codex');
    return findProgram(machine, {
      commands: ['codex'],
      packages: ['@openai/codex'],
      files: [join(home, 'config.toml'), home],
    });
  },
  plan: (machine): Plan => {
    const home = directory(machine, 'CODEX_HOME', '.codex');
    const [config, hooks] = [join(home, 'config.toml'), join(home, 'hooks.json')];
    const inToml = belongInToml(machine, textOf(config), textOf(hooks));
    const entries = hookEntries(ID, codexHooks(machine.launch));
    return {
      files: [
        {
          role: 'config',
          path: config,
          edit: tomlEdit([serverTable(machine), ...hookTables(machine, inToml)]),
          holds: `MCP server "${SERVER}"${inToml ? ', hooks' : ''}`,
        },
        {
          role: 'hooks',
          path: hooks,
          edit: jsonEdit({ dialect: STRICT_JSON, entries }),
          holds: 'hooks',
          isWanted: !inToml,
        },
      ],
      notes: [
        'It runs new hooks only after you have trusted them: open /hooks in it once. An idle session is woken without them.',
      ],
      check: {
        command: ['codex', 'mcp', 'get', SERVER],
        read: ({ code }) => (code === 0 ? 'listed' : 'not seen'),
      },
    };
  },
};

/** Codex gives MCP servers hardly any variable; these are the ones that mean something to ours, by name only. */
const VARIABLES = [
  'CODEX_HOME',
  ...OPTION_NAMES.map(optionOf)
    .filter(({ where }) => where.includes('mcp'))
    .flatMap(({ env, envFirst }) => [envFirst, env])
    .filter((name) => name !== undefined),
];

function serverTable({ launch }: Machine): TomlTable {
  const [command, ...args] = mcpCommand(launch);
  return {
    path: ['mcp_servers', SERVER],
    value: (there) => ({
      command,
      args: [...args, ...extraArguments(there)],
      env_vars: VARIABLES,
      tool_timeout_sec: TOOL_SECONDS,
      ...kept(there),
    }),
    isOurs: isOurServer,
  };
}

/** What the user may have set to something else. */
function kept(there: unknown): JsonObject {
  return Object.fromEntries(
    Object.entries(fieldsOf(there)).filter(([name]) => name === 'env_vars' || name === 'tool_timeout_sec'),
  );
}

function hookTables({ launch }: Machine, isWanted: boolean): TomlTable[] {
  return Object.entries(codexHooks(launch)).flatMap(([event, groups]) =>
    groups.map((group) => ({
      path: ['hooks', event],
      isArray: true,
      value: () => group,
      isOurs: isOurGroup,
      isWanted,
    })),
  );
}

/** Where the user has hooks, if only there and if more can be added. */
function belongInToml(machine: Machine, config: string, hooks: string): boolean {
  if (!hasHooks(parsed(config, readToml)) || hasHooks(parsed(hooks, JSON.parse))) return false;
  return hookTables(machine, true).every((table) => takesMore(config, table));
}

/** Somebody else's; ours may be anywhere by now. */
function hasHooks(config: unknown): boolean {
  const { hooks } = fieldsOf(config);
  const lists = Object.values(fieldsOf(hooks)).filter((list) => Array.isArray(list));
  return lists.flat().some((group) => !isOurGroup(group));
}

function isOurGroup(group: unknown): boolean {
  const { hooks } = fieldsOf(group);
  return Array.isArray(hooks) && hooks.length > 0 && hooks.every(isOurHook(ID));
}

function textOf(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

/** A broken file is told of when it is to be changed. */
function parsed(text: string, parse: (text: string) => unknown): unknown {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}
