import { describe, expect, it } from 'vitest';
import {
  argvOf,
  extraArguments,
  hookCommand,
  hookLine,
  isOurHook,
  isOurServer,
} from '../../../src/agents/install/launch.ts';

describe('a server', () => {
  it.each([
    { command: '/usr/bin/node', args: ['/any/where/dist/cli.mjs', 'mcp'] },
    { command: 'node', args: ['C:\\relay\\dist\\cli.mjs', 'mcp', '--client-id', 'CC-1'] },
    { command: 'claude-relay', args: ['mcp'] },
    { command: '/usr/local/bin/claude-relay', args: ['mcp'] },
    { type: 'local', command: ['/usr/bin/node', '/r/dist/cli.mjs', 'mcp'] },
  ])('is ours: %j', (entry) => {
    expect(isOurServer(entry)).toBe(true);
  });

  it.each([
    { command: 'node', args: ['/other/cli.mjs', 'mcp'] },
    { command: 'node', args: ['/r/dist/cli.mjs', 'serve'] },
    { command: 'mcp' },
    { command: 'not-claude-relay', args: ['mcp'] },
    { url: 'http://localhost:9999/mcp' },
    { command: 1, args: 'x' },
    null,
    'claude-relay mcp',
  ])('is somebody else’s: %j', (entry) => {
    expect(isOurServer(entry)).toBe(false);
  });

  it('has arguments of its user behind ours', () => {
    expect(extraArguments({ command: 'claude-relay', args: ['mcp', '--a', 'mcp'] })).toEqual(['--a', 'mcp']);
    expect(extraArguments({ command: 'x', args: ['mcp', '--a'] })).toEqual([]);
    expect(extraArguments(undefined)).toEqual([]);
    expect(argvOf({ command: ['a', 1], args: [null, 'b'] })).toEqual(['a', 'b']);
  });
});

describe('a hook', () => {
  const ours = isOurHook('codex');

  it('starts from the file beside the script, else by the name of the command', () => {
    expect(hookCommand(['node', '/r/dist/cli.mjs'], 'x', 'Stop')).toEqual(['node', '/r/dist/hook.cjs', 'x', 'Stop']);
    expect(hookCommand(['claude-relay'], 'x', 'Stop')).toEqual(['claude-relay', 'hook', 'x', 'Stop']);
  });

  it.each([
    { command: hookLine(['/usr/bin/node', '/r/dist/cli.mjs'], 'codex', 'Stop') },
    { command: hookLine(["/it's node", "/o'r/dist/cli.mjs"], 'codex', 'Stop') },
    { command: '/usr/bin/node', args: ['/r/dist/hook.cjs', 'codex', 'Wait'], timeout: 5 },
    { command: '/usr/bin/node', args: ['/r/dist/cli.mjs', 'hook', 'codex', 'Wait'], timeout: 5 },
    { command: hookLine(['claude-relay'], 'codex', 'Stop') },
    { bash: 'claude-relay hook codex agentStop' },
  ])('is ours: %j', (handler) => {
    expect(ours(handler)).toBe(true);
  });

  it.each([
    { command: '/usr/bin/node /r/dist/cli.mjs hook gemini Stop' },
    { command: 'echo /r/dist/cli.mjs hook codex Stop && rm -rf x' },
    { command: '/other/cli.mjs hook codex Stop' },
    { command: 'node /other/hook.cjs codex Stop' },
    { command: 'node /r/dist/hook.cjs gemini Stop' },
    { command: 'my-claude-relay hook codex Stop' },
    { type: 'prompt', prompt: 'claude-relay hook codex Stop' },
    null,
  ])('is somebody else’s: %j', (handler) => {
    expect(ours(handler)).toBe(false);
  });
});
