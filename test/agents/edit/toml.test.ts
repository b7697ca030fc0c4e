import fc from 'fast-check';
import { parse } from 'smol-toml';
import { describe, expect, it } from 'vitest';
import { tomlEdit } from '../../../src/agents/edit/toml.ts';
import { anyToml } from './any-toml.ts';

const isOurs = (value: unknown) => JSON.stringify(value).includes('cli.mjs');
const server = { command: '/usr/bin/node', args: ['/r/dist/cli.mjs', 'mcp'], tool_timeout_sec: 300 };
const stop = { hooks: [{ type: 'command', command: "'/usr/bin/node' '/r/dist/cli.mjs' hook codex Stop", timeout: 5 }] };
const edit = tomlEdit([
  { path: ['mcp_servers', 'relay'], value: () => server, isOurs },
  { path: ['hooks', 'Stop'], isArray: true, value: () => stop, isOurs },
]);

describe('any TOML file', () => {
  it('is the same after put and take', () => {
    fc.assert(
      fc.property(anyToml, (before) => {
        const { text, undo } = edit.put(before, 'f');
        expect(parse(text)).toMatchObject({ mcp_servers: { relay: server } });
        expect(parse(text)).toHaveProperty('hooks.Stop', expect.arrayContaining([stop]));
        expect(edit.put(text, 'f', undo).text).toBe(text);
        expect(edit.take(text, 'f', undo)).toBe(before);
        if (before.trim() !== '') expect(edit.take(text, 'f')).toBe(before);
      }),
      { numRuns: 1000 },
    );
  });
});
