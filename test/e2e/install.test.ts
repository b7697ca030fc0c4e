/** The real command line, and what it wrote: the entry that an agent program finds starts our server. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse as parseToml } from 'smol-toml';
import { describe, expect, it } from 'vitest';
import { snapshot } from '../agents/samples.ts';
import { type Machine, McpSession, machine } from '../support/cli.ts';

const PROGRAMS = ['claude-code', 'codex', 'gemini', 'antigravity', 'cursor', 'vscode'];

interface Entry {
  readonly command: string;
  readonly args: readonly string[];
}

/** The servers of a file, by the name that its program gives them. */
function entryIn(path: string, key: string): Entry {
  const text = readFileSync(path, 'utf8');
  const value = path.endsWith('.toml') ? parseToml(text) : JSON.parse(text);
  return value[key].relay;
}

const WHERE: Readonly<Record<string, readonly [path: string, key: string]>> = {
  'claude-code': ['.claude.json', 'mcpServers'],
  codex: ['.codex/config.toml', 'mcp_servers'],
  gemini: ['.gemini/settings.json', 'mcpServers'],
  antigravity: ['.gemini/config/mcp_config.json', 'mcpServers'],
  cursor: ['.cursor/mcp.json', 'mcpServers'],
  vscode: ['.config/Code/User/mcp.json', 'servers'],
};

/** What the user has, but for the state directory. */
function user({ user: home, home: state }: Machine): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(snapshot(home)).filter(([path]) => !path.startsWith(state)));
}

describe('claude-relay install', () => {
  it.each(PROGRAMS)('writes for %s what starts a session process', async (program) => {
    const m = machine();
    await m.ok(['install', program]);
    const [path = '', key = ''] = WHERE[program] ?? [];
    const { command, args } = entryIn(join(m.user, path), key);
    const session = new McpSession('S', m.spawn(command, args));
    await session.initialize();
    const { tools } = await session.request('tools/list');
    expect(JSON.stringify(tools)).toContain('relay_send');
  });

  it('and uninstall, one process after the other, leave every byte as it was', async () => {
    const m = machine();
    mkdirSync(join(m.user, '.claude'));
    mkdirSync(join(m.user, '.codex'));
    writeFileSync(join(m.user, '.claude.json'), '{\r\n\t"numStartups": 3\r\n}');
    writeFileSync(join(m.user, '.claude/settings.json'), '{"hooks":{"Stop":[]}}');
    writeFileSync(join(m.user, '.codex/config.toml'), '# mine\nmodel = "x" # last');
    const before = user(m);
    await m.ok(['install', ...PROGRAMS]);
    expect(user(m)).not.toEqual(before);
    await m.ok(['uninstall', '--all']);
    expect(user(m)).toEqual(before);
  });

  it('of two at once one waits for the other', async () => {
    const m = machine();
    const before = user(m);
    const runs = ['cursor', 'vscode', 'gemini', 'codex'].map((program) => m.ok(['install', program]));
    await Promise.all(runs);
    const { programs } = (await m.json(['uninstall', '--all'])) as { readonly programs: readonly object[] };
    expect(programs).toHaveLength(4);
    expect(user(m)).toEqual(before);
  });

  it('refuses a broken file with its line, and exits with 1', async () => {
    const m = machine();
    writeFileSync(join(m.user, '.claude.json'), '{\n  "a": 1,\n}');
    const { code, stdout, stderr } = await m.run(['install', 'claude-code', 'cursor']);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/\.claude\.json is broken at line 3, column 1: a name in double quotes is missing\./);
    expect(Object.keys(user(m)).filter((path) => path.includes('.cursor'))).toEqual([]);
  });
});
