import { describe, expect, it } from 'vitest';
import { freshFiles, hookOf, world } from '../install/programs.ts';

describe('Antigravity', () => {
  it('gets a server, and a hook under our name with handlers alone', () => {
    const here = world();
    const [, script = ''] = here.launch;
    const files = freshFiles(here, 'antigravity');
    expect(JSON.parse(files['.gemini/config/mcp_config.json'] ?? '')).toEqual({
      mcpServers: { relay: { command: '/usr/bin/node', args: [script, 'mcp'] } },
    });
    const hook = (event: string) => [
      { type: 'command', command: `/usr/bin/node ${hookOf(script)} antigravity ${event}`, timeout: 5 },
    ];
    expect(JSON.parse(files['.gemini/config/hooks.json'] ?? '')).toEqual({
      'claude-relay': Object.fromEntries(
        ['SessionStart', 'PreInvocation', 'Stop'].map((event) => [event, hook(event)]),
      ),
    });
  });
});
