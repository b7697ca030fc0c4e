import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { claudeCode } from '../../../src/agents/claude-code/install.ts';
import { freshFiles, hookOf, install, pathsOf, uninstall, world } from '../install/programs.ts';
import { write } from '../install/samples.ts';

const ran = (stdout: string, code = 0) => ({ code, stdout, stderr: '' });

describe('Claude Code', () => {
  it('gets a server of user scope, and its hooks without a shell', () => {
    const here = world();
    const [, script = ''] = here.launch;
    const hook = (event: string) => ({
      type: 'command',
      command: '/usr/bin/node',
      args: [hookOf(script), 'claude-code', event],
      timeout: 5,
    });
    const wait = { ...hook('Wait'), timeout: 86_400, asyncRewake: true };
    const files = freshFiles(here, 'claude-code');
    expect(JSON.parse(files['.claude.json'] ?? '')).toEqual({
      mcpServers: { relay: { type: 'stdio', command: '/usr/bin/node', args: [script, 'mcp'] } },
    });
    expect(JSON.parse(files['.claude/settings.json'] ?? '')).toEqual({
      hooks: {
        SessionStart: [{ hooks: [hook('SessionStart'), wait] }],
        UserPromptSubmit: [{ hooks: [hook('UserPromptSubmit')] }],
        PostToolUse: [{ hooks: [hook('PostToolUse')] }],
        Stop: [{ hooks: [hook('Stop'), wait] }],
        SessionEnd: [{ hooks: [hook('SessionEnd')] }],
      },
    });
  });

  it('gets an allow rule only when it is asked for', async () => {
    const here = world();
    const path = join(here.userHome, '.claude/settings.json');
    write(path, '{"permissions": {"allow": ["Bash(ls)"]}}');
    await install(here, 'claude-code', { allowTools: true });
    expect(JSON.parse(readFileSync(path, 'utf8')).permissions.allow).toEqual(['Bash(ls)', 'mcp__relay__*']);
    // Installing without the flag takes nothing away.
    await install(here, 'claude-code');
    expect(JSON.parse(readFileSync(path, 'utf8')).permissions.allow).toEqual(['Bash(ls)', 'mcp__relay__*']);
    await uninstall(here, 'claude-code');
    expect(readFileSync(path, 'utf8')).toBe('{"permissions": {"allow": ["Bash(ls)"]}}');
  });

  it('has everything in one directory when it is told to', () => {
    expect(pathsOf(world(), 'claude-code')).toEqual(['.claude.json', '.claude/settings.json']);
    const here = world();
    const elsewhere = { ...here, env: { CLAUDE_CONFIG_DIR: join(here.userHome, 'cfg') } };
    expect(pathsOf(elsewhere, 'claude-code')).toEqual(['cfg/.claude.json', 'cfg/settings.json']);
  });

  it('locks the file that it writes all the time, as it does itself', () => {
    const here = world();
    const [servers] = claudeCode.plan(here, {}).files;
    expect(servers?.lock).toBe(join(here.userHome, '.claude.json.lock'));
  });

  it('keeps a server that was added by hand, with its arguments, and brings it up to date', async () => {
    const here = world();
    const [, script = ''] = here.launch;
    const path = join(here.userHome, '.claude.json');
    const byHand = {
      command: 'node',
      args: ['/old/dist/cli.mjs', 'mcp', '--client-id', 'CC-1'],
      env: { RELAY_URL: 'x' },
    };
    write(path, JSON.stringify({ mcpServers: { relay: byHand } }));
    await install(here, 'claude-code');
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({
      mcpServers: {
        relay: {
          type: 'stdio',
          command: '/usr/bin/node',
          args: [script, 'mcp', '--client-id', 'CC-1'],
          env: { RELAY_URL: 'x' },
        },
      },
    });
  });

  it('says whether it is connected', () => {
    const check = claudeCode.plan(world(), {}).check;
    expect(check?.command).toEqual(['claude', 'mcp', 'get', 'relay']);
    expect(check?.read(ran('relay:\n  Scope: User config\n  Status: ✔ Connected\n'))).toBe('connected');
    expect(check?.read(ran('relay:\n  Status: ✘ Failed to connect\n'))).toBe('listed');
    expect(check?.read(ran('No MCP server named "relay".', 1))).toBe('not seen');
  });
});
