import { describe, expect, it } from 'vitest';
import { freshFiles, hookOf, world } from '../install/programs.ts';

describe('Cursor', () => {
  it('gets a server, and hooks in a file that says its version', () => {
    const here = world();
    const [, script = ''] = here.launch;
    const files = freshFiles(here, 'cursor');
    expect(JSON.parse(files['.cursor/mcp.json'] ?? '')).toEqual({
      mcpServers: { relay: { command: '/usr/bin/node', args: [script, 'mcp'] } },
    });
    const hook = (event: string) => [{ command: `/usr/bin/node ${hookOf(script)} cursor ${event}`, timeout: 5 }];
    expect(JSON.parse(files['.cursor/hooks.json'] ?? '')).toEqual({
      version: 1,
      hooks: Object.fromEntries(['sessionStart', 'postToolUse', 'stop'].map((event) => [event, hook(event)])),
    });
  });
});
