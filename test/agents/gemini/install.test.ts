import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { gemini } from '../../../src/agents/gemini/install.ts';
import { freshFiles, hookOf, pathsOf, world } from '../install/programs.ts';

const EVENTS = ['SessionStart', 'BeforeAgent', 'AfterTool', 'AfterAgent', 'SessionEnd'];

describe('Gemini CLI', () => {
  it('gets a server that may wait ten minutes, and hooks; its times are milliseconds', () => {
    const here = world();
    const [, script = ''] = here.launch;
    const hook = (event: string) => [
      {
        hooks: [
          {
            type: 'command',
            command: `/usr/bin/node ${hookOf(script)} gemini ${event}`,
            timeout: 5000,
            name: 'claude-relay',
          },
        ],
      },
    ];
    expect(JSON.parse(freshFiles(here, 'gemini')['.gemini/settings.json'] ?? '')).toEqual({
      mcpServers: { relay: { timeout: 600_000, command: '/usr/bin/node', args: [script, 'mcp'] } },
      hooks: Object.fromEntries(EVENTS.map((event) => [event, hook(event)])),
    });
  });

  it('is below GEMINI_CLI_HOME', () => {
    const here = world();
    const elsewhere = { ...here, env: { GEMINI_CLI_HOME: join(here.userHome, 'g') } };
    expect(pathsOf(elsewhere, 'gemini')).toEqual(['g/.gemini/settings.json']);
  });

  it('says whether it is connected, on either stream', () => {
    const check = gemini.plan(world(), {}).check;
    const ran = (stdout: string, stderr = '') => ({ code: 0, stdout, stderr });
    expect(check?.read(ran('', 'Configured MCP servers:\n\n✓ relay: /usr/bin/node x mcp (stdio) - Connected\n'))).toBe(
      'connected',
    );
    expect(check?.read(ran('○ relay: /usr/bin/node x mcp (stdio) - Disabled\n'))).toBe('listed');
    expect(check?.read(ran('No MCP servers configured.\n'))).toBe('not seen');
  });
});
