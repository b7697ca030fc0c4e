import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { copilot } from '../../../src/agents/copilot/install.ts';
import { freshFiles, hookOf, install, pathsOf, world } from '../install/programs.ts';
import { write } from '../install/samples.ts';

const EVENTS = ['sessionStart', 'userPromptSubmitted', 'postToolUse', 'agentStop', 'sessionEnd'];

describe('Copilot CLI', () => {
  it('gets a server, a file of hooks, and the extension of this build', () => {
    const here = world();
    const [, script = ''] = here.launch;
    const files = freshFiles(here, 'copilot');
    expect(JSON.parse(files['.copilot/mcp-config.json'] ?? '')).toEqual({
      mcpServers: { relay: { type: 'local', tools: ['*'], command: '/usr/bin/node', args: [script, 'mcp'] } },
    });
    const hook = (event: string) => [
      { type: 'command', bash: `/usr/bin/node ${hookOf(script)} copilot ${event}`, timeoutSec: 5 },
    ];
    expect(JSON.parse(files['.copilot/hooks/claude-relay.json'] ?? '')).toEqual({
      version: 1,
      hooks: Object.fromEntries(EVENTS.map((event) => [event, hook(event)])),
    });
    expect(files['.copilot/extensions/claude-relay/extension.mjs']).toContain('export const extension = 1;');
  });

  it('is where COPILOT_HOME says', () => {
    const here = world();
    const elsewhere = { ...here, env: { COPILOT_HOME: join(here.userHome, 'c') } };
    expect(pathsOf(elsewhere, 'copilot')).toEqual([
      'c/mcp-config.json',
      'c/hooks/claude-relay.json',
      'c/extensions/claude-relay/extension.mjs',
    ]);
  });

  it('says that extensions need experimental mode', () => {
    expect(copilot.plan(world(), {}).notes.join()).toContain('/experimental on');
  });

  it('keeps an extension of somebody else that has our name', async () => {
    const here = world();
    write(join(here.userHome, '.copilot/extensions/claude-relay/extension.mjs'), 'theirs');
    await expect(install(here, 'copilot')).rejects.toThrow(/is something else than claude-relay/);
  });

  it('says that it knows the server', () => {
    const check = copilot.plan(world(), {}).check;
    expect(check?.command).toEqual(['copilot', 'mcp', 'get', 'relay']);
    expect(check?.read({ code: 0, stdout: 'relay\n  Status: Enabled', stderr: '' })).toBe('listed');
    expect(check?.read({ code: 1, stdout: '', stderr: 'Error: Server "relay" not found.' })).toBe('not seen');
  });
});
