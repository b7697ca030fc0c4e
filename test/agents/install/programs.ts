/** A machine that a test makes up, and what its user has in the files of each program. */
import { mkdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { Change } from '../../../src/agents/install/edit/change.ts';
import { changesToInstall, changesToUninstall } from '../../../src/agents/install/edit/change.ts';
import { transact } from '../../../src/agents/install/edit/transaction.ts';
import type { ProgramId } from '../../../src/agents/install/ids.ts';
import type { Machine, PlanOptions } from '../../../src/agents/install/installer.ts';
import { installerOf } from '../../../src/agents/install/installers.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { memoryDir } from '../../support/temp-dir.ts';
import { type Format, write } from './samples.ts';

export interface World extends Machine {
  readonly root: string;
  /** The state directory. */
  readonly home: string;
}

/** The user's home is below a directory that is looked at as a whole. The build has what it will have. */
export function world(env: NodeJS.ProcessEnv = {}): World {
  const root = memoryDir();
  const userHome = join(root, 'home', 'me');
  const dist = join(root, 'claude-relay', 'dist');
  mkdirSync(userHome, { recursive: true });
  write(join(dist, 'opencode-plugin.mjs'), 'export const plugin = 1;\n');
  write(join(dist, 'copilot-extension.mjs'), 'export const extension = 1;\n');
  const launch = ['/usr/bin/node', join(dist, 'cli.mjs')] as const;
  return { root, home: join(root, 'state'), env: { PATH: '', ...env }, platform: 'linux', userHome, launch, dist };
}

export async function install(world: World, id: ProgramId, options: PlanOptions = {}): Promise<readonly Change[]> {
  const { files } = installerOf(id).plan(world, options);
  const { changes } = await transact((record) => changesToInstall(id, files, record), toolsOf(world));
  return changes;
}

export async function uninstall(world: World, id: ProgramId): Promise<readonly Change[]> {
  const { files } = installerOf(id).plan(world, {});
  const { changes } = await transact((record) => changesToUninstall(id, files, record), toolsOf(world));
  return changes;
}

const toolsOf = ({ home }: World) => ({ home, clock: new FakeClock() });

interface Theirs {
  readonly role: string;
  readonly format: Format;
  readonly takesMark?: boolean;
  readonly theirs: object;
}

const SERVER = { command: 'npx', args: ['-y', 'other'], env: { TOKEN: 'abc' } };
const HANDLER = { type: 'command', command: './check.sh', timeout: 10 };
const GROUP = { matcher: 'Bash', hooks: [HANDLER] };

/** Files of the program that are changed, with what is in them otherwise. */
export const FILES: Readonly<Record<Exclude<ProgramId, 'generic'>, readonly Theirs[]>> = {
  'claude-code': [
    {
      role: 'servers',
      format: 'json',
      takesMark: true,
      theirs: { numStartups: 3, mcpServers: { other: SERVER }, projects: { '/x': { mcpServers: { relay: SERVER } } } },
    },
    {
      role: 'settings',
      format: 'json',
      takesMark: true,
      theirs: {
        permissions: { allow: ['Bash(ls:*)'], deny: [] },
        hooks: { Stop: [GROUP], PreToolUse: [GROUP] },
        model: 'opus',
      },
    },
  ],
  codex: [
    { role: 'config', format: 'toml', takesMark: true, theirs: {} },
    { role: 'hooks', format: 'json', theirs: { description: 'mine', hooks: { Stop: [GROUP], SessionStart: [] } } },
  ],
  opencode: [
    {
      role: 'config',
      format: 'jsonc',
      takesMark: true,
      theirs: {
        $schema: 'https://opencode.ai/config.json',
        mcp: { other: { type: 'local', command: ['x'] } },
        theme: 'x',
      },
    },
    { role: 'plugin', format: 'ours', theirs: {} },
  ],
  copilot: [
    {
      role: 'servers',
      format: 'jsonc',
      takesMark: true,
      theirs: { mcpServers: { other: { ...SERVER, tools: ['*'] } } },
    },
    { role: 'hooks', format: 'ours', theirs: {} },
    { role: 'extension', format: 'ours', theirs: {} },
  ],
  gemini: [
    {
      role: 'settings',
      format: 'json with comments',
      theirs: {
        ui: { theme: 'Default' },
        mcpServers: { other: SERVER },
        hooks: { AfterTool: [GROUP], BeforeAgent: [] },
      },
    },
  ],
  antigravity: [
    { role: 'servers', format: 'json', theirs: { mcpServers: { other: { serverUrl: 'https://example.com' } } } },
    { role: 'hooks', format: 'json', theirs: { mine: { enabled: false, Stop: [HANDLER] } } },
  ],
  cursor: [
    { role: 'servers', format: 'jsonc', takesMark: true, theirs: { mcpServers: { other: SERVER } } },
    {
      role: 'hooks',
      format: 'json',
      theirs: { version: 1, hooks: { stop: [{ command: './x.sh' }], beforeReadFile: [] } },
    },
  ],
  vscode: [
    {
      role: 'servers',
      format: 'jsonc',
      takesMark: true,
      theirs: { inputs: [], servers: { other: { type: 'stdio', ...SERVER } } },
    },
  ],
};

/** What a fresh install writes, by path below the user's home. */
export function freshFiles(here: World, id: ProgramId, options: PlanOptions = {}): Readonly<Record<string, string>> {
  const changes = changesToInstall(id, installerOf(id).plan(here, options).files, []);
  const written = changes.filter(({ plan }) => plan.isWanted !== false);
  return Object.fromEntries(written.map(({ target, after = '' }) => [relative(here.userHome, target.path), after]));
}

/** Where the files would be. */
export function pathsOf(here: World, id: ProgramId): readonly string[] {
  return installerOf(id)
    .plan(here, {})
    .files.map(({ path }) => relative(here.userHome, path));
}

/** Where the hook lies that belongs to a script. */
export const hookOf = (script: string): string => join(dirname(script), 'hook.cjs');
