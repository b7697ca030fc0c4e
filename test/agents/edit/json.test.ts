import fc from 'fast-check';
import { parse } from 'jsonc-parser';
import { describe, expect, it } from 'vitest';
import type { Edit } from '../../../src/agents/edit/edit.ts';
import { jsonEdit, member, rule } from '../../../src/agents/edit/json.ts';
import { hooks } from '../../../src/agents/edit/json-hooks.ts';
import type { Dialect } from '../../../src/agents/edit/json-text.ts';
import { anyTree, documentOf, LOOSE, STRICT, WITH_COMMENTS } from './any-json.ts';

const ours = { command: '/usr/bin/node', args: ['/r/dist/cli.mjs', 'mcp'] };
const isOurs = (value: unknown) => JSON.stringify(value).includes('cli.mjs');
const hook = (event: string) => ({
  type: 'command',
  command: '/usr/bin/node',
  args: ['/r/dist/cli.mjs', 'hook', 'x', event],
});

function editOf(dialect: Dialect): Edit {
  return jsonEdit({
    dialect,
    entries: [
      member({ path: ['mcpServers'], name: 'relay', value: () => ours, isOurs }),
      hooks({ path: ['hooks', 'Start'], item: { hooks: [hook('Start')] }, isOurs }),
      hooks({ path: ['hooks', 'Stop'], item: { hooks: [hook('Stop'), hook('Wait')] }, isOurs }),
      hooks({ path: ['flat', 'stop'], item: hook('stop'), isFlat: true, isOurs }),
      rule(['permissions', 'allow'], 'mcp__relay__*'),
    ],
  });
}

const word = fc.string({ maxLength: 3 });
const group = fc.record({
  hooks: fc.array(fc.record({ type: fc.constant('command'), command: word }), { maxLength: 2 }),
});
const members = {
  mcpServers: fc.dictionary(fc.constantFrom('a', 'b'), fc.record({ command: word }), { maxKeys: 2 }),
  hooks: fc.record(
    { Start: fc.array(group, { maxLength: 2 }), Stop: fc.array(group, { maxLength: 2 }) },
    { requiredKeys: [] },
  ),
  flat: fc.record({ stop: fc.array(fc.record({ command: word }), { maxLength: 2 }) }, { requiredKeys: [] }),
  permissions: fc.record({ allow: fc.array(word, { maxLength: 2 }) }, { requiredKeys: [] }),
  other: anyTree,
};

describe('any JSON file', () => {
  it.each([
    ['strict', STRICT],
    ['with comments', WITH_COMMENTS],
    ['loose', LOOSE],
  ] as const)('%s, is the same after put and take', (_name, dialect) => {
    const edit = editOf(dialect);
    fc.assert(
      fc.property(documentOf(members, dialect), (before) => {
        const { text, undo } = edit.put(before, 'f');
        expect(parse(text).mcpServers.relay).toEqual(ours);
        expect(edit.take(text, 'f', undo)).toBe(before);
        const again = edit.put(text, 'f', undo);
        expect(again.text).toBe(text);
        expect(edit.take(again.text, 'f', again.undo)).toBe(before);
      }),
      { numRuns: 1000 },
    );
  });
});
