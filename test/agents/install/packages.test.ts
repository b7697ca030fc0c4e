/** The packages in the repository say what the sources say, and what the stores want to read. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../../../scripts/ensure.mjs';
import { claudeCodeHooks } from '../../../src/agents/claude-code/hooks.ts';
import { INSTALLERS } from '../../../src/agents/install/installers.ts';
import { isOurHook, isOurServer, PACKAGED } from '../../../src/agents/install/launch.ts';
import { INSTALL_LINKS, packageFiles } from '../../../src/agents/install/packages.ts';
import { VERSION } from '../../../src/util/version.ts';
import { world } from './programs.ts';

const ABOUT = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const FILES = packageFiles(ABOUT);
const read = (path: string) => JSON.parse(readFileSync(join(ROOT, path), 'utf8'));

describe('the packages', () => {
  it.each(Object.keys(FILES))('%s is what the sources say', (path) => {
    expect(readFileSync(join(ROOT, path), 'utf8')).toBe(FILES[path]);
  });

  it('have nothing else in them but a README', () => {
    const found = readdirSync(join(ROOT, 'packaging'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name !== 'README.md')
      .map((entry) => join(entry.parentPath, entry.name));
    const known = Object.keys(FILES).map((path) => join(ROOT, path));
    expect(found.filter((path) => !known.includes(path))).toEqual([]);
  });

  it('are of this version, wherever they say one', () => {
    const versions = Object.values(FILES).flatMap((text) =>
      [...text.matchAll(/"version": "([^"]+)"/g)].map(([, version]) => version),
    );
    expect(versions.length).toBeGreaterThan(5);
    expect([...new Set(versions)]).toEqual([VERSION]);
  });

  it('start the command, never a path of this machine', () => {
    expect(Object.values(FILES).join('')).not.toMatch(/"\/|dist\/cli\.mjs(?! *"| *",)|\/usr|npx/);
  });

  it.each(['packaging/claude-code/.mcp.json', 'packaging/codex/.mcp.json', 'packaging/gemini/gemini-extension.json'])(
    '%s has our server, as install would know it again',
    (path) => {
      expect(isOurServer(read(path).mcpServers.relay)).toBe(true);
    },
  );

  it.each(['claude-code', 'codex', 'gemini'])('%s has our hooks, as install would know them again', (program) => {
    const { hooks } = read(`packaging/${program}/hooks/hooks.json`);
    const groups = Object.values(hooks).flat() as readonly { readonly hooks: readonly unknown[] }[];
    const handlers = groups.flatMap((group) => group.hooks);
    expect(handlers.length).toBeGreaterThanOrEqual(4);
    expect(handlers.every(isOurHook(program))).toBe(true);
  });

  it('have the hooks that install writes', () => {
    const installed = JSON.stringify(claudeCodeHooks(['/usr/bin/node', '/r/dist/cli.mjs']));
    const packaged = installed.replaceAll(
      '"/usr/bin/node","args":["/r/dist/hook.cjs",',
      '"claude-relay","args":["hook",',
    );
    expect(JSON.parse(packaged)).toEqual(claudeCodeHooks(PACKAGED));
  });
});

describe('the stores', () => {
  it('of Claude Code take no name of others that begins with claude-', () => {
    const { plugins } = read('.claude-plugin/marketplace.json');
    expect(plugins.map(({ name }: { name: string }) => name)).toEqual(['relay']);
    expect(read('packaging/claude-code/.claude-plugin/plugin.json').name).toBe('relay');
    for (const { source } of plugins) expect(existsSync(join(ROOT, source, '.claude-plugin/plugin.json'))).toBe(true);
  });

  it('of Codex are pointed to a plugin that is there, and it to its files', () => {
    const [entry] = read('.agents/plugins/marketplace.json').plugins;
    const plugin = read(join(entry.source.path, '.codex-plugin/plugin.json'));
    expect(plugin.name).toBe(entry.name);
    for (const path of [plugin.mcpServers, plugin.hooks])
      expect(existsSync(join(ROOT, entry.source.path, path))).toBe(true);
  });

  it('of MCP want a name with one slash that the npm package repeats, and a short sentence', () => {
    const { name, description, packages } = read('server.json');
    expect(name).toMatch(/^[a-zA-Z0-9.-]+\/[a-zA-Z0-9._-]+$/);
    expect(name).toBe(ABOUT.mcpName);
    expect(description.length).toBeLessThanOrEqual(100);
    expect(packages).toMatchObject([{ registryType: 'npm', identifier: ABOUT.name, transport: { type: 'stdio' } }]);
  });

  it('of bundles are told which Node and which file', () => {
    const { server, compatibility } = read('packaging/mcpb/manifest.json');
    expect(`\${__dirname}/${server.entry_point}`).toBe(server.mcp_config.args[0]);
    expect(ABOUT.bin['claude-relay']).toBe(server.entry_point);
    expect(compatibility.runtimes.node).toBe(ABOUT.engines.node);
  });
});

describe('the page about installing', () => {
  const page = readFileSync(join(ROOT, 'docs/install.md'), 'utf8');

  it.each(INSTALLERS.map((installer) => [installer.id, installer] as const))(
    'names %s, its files and its command',
    (id, installer) => {
      const row = page.split('\n').find((line) => line.startsWith(`| \`${id}\` |`)) ?? '';
      const { files, check } = installer.plan(world(), {});
      for (const { path } of files) expect(row).toContain(basename(path));
      if (check !== undefined) expect(page).toContain(`\`${check.command.join(' ')}\``);
    },
  );
});

describe('the links', () => {
  const page = readFileSync(join(ROOT, 'docs/install.md'), 'utf8');

  it('on the page are those that the sources make', () => {
    const links = [...page.matchAll(/(?:cursor:\/\/|https:\/\/[a-z.]*vscode\.dev)[^)`\s]*/g)].map(([link]) => link);
    expect(links).toEqual([INSTALL_LINKS.vscode, INSTALL_LINKS.cursor]);
  });

  it('hold our server', () => {
    const config = (link: string) => new URL(link).searchParams.get('config') ?? '';
    const servers = [JSON.parse(config(INSTALL_LINKS.vscode)), JSON.parse(atob(config(INSTALL_LINKS.cursor)))];
    expect(servers.map(isOurServer)).toEqual([true, true]);
  });
});
