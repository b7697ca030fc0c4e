import { describe, expect, it } from 'vitest';
import { instructions } from '../../src/mcp/instructions.ts';
import { toolList } from '../../src/mcp/server.ts';
import { TOOLS } from '../../src/mcp/tools/all.ts';

const READERS = ['relay_peers', 'relay_status', 'relay_sessions', 'relay_history'];

describe('the tool list', () => {
  it('stays within 6,000 bytes as it goes over the wire', () => {
    const bytes = Buffer.byteLength(JSON.stringify({ tools: toolList() }));
    expect(bytes).toBeLessThanOrEqual(6_000);
    expect(bytes).toBeGreaterThan(1_500);
  });

  it('is what a model is told, word for word', async () => {
    await expect(`${JSON.stringify(toolList(), null, 2)}\n`).toMatchFileSnapshot('snapshots/tool-list.txt');
  });

  it('has the five names of the first generation and three more', () => {
    expect(TOOLS.map((tool) => tool.name)).toEqual([
      'relay_send',
      'relay_receive',
      'relay_peers',
      'relay_status',
      'relay_sessions',
      'relay_history',
      'relay_room',
      'relay_rename',
    ]);
  });

  it.each(TOOLS.map((tool) => [tool.name, tool] as const))(
    'annotates %s so that no program has to ask',
    (name, tool) => {
      expect(tool.annotations.openWorldHint).toBe(false);
      expect(tool.annotations.readOnlyHint).toBe(READERS.includes(name));
      if (!tool.annotations.readOnlyHint) expect(tool.annotations.destructiveHint).toBe(false);
    },
  );

  it.each(TOOLS.map((tool) => [tool.name, tool] as const))('gives %s a closed object schema', (_name, tool) => {
    expect(tool.schema).toMatchObject({ type: 'object', additionalProperties: false });
    expect(Object.keys(tool.schema)).not.toContain('$ref');
  });

  it.each([
    ['relay_send', ['message', 'to', 'reply_to', 'thread', 'priority', 'wait_reply_seconds'], ['message']],
    ['relay_receive', ['count', 'from', 'thread', 'wait_seconds', 'replay'], undefined],
    ['relay_peers', [], undefined],
    ['relay_status', [], undefined],
    ['relay_sessions', [], undefined],
    ['relay_history', ['query', 'with', 'room', 'thread', 'before', 'count', 'id'], undefined],
    ['relay_room', ['action', 'room'], ['action']],
    ['relay_rename', ['to'], ['to']],
  ])('lets %s take exactly what was promised', (name, properties, required) => {
    const schema = TOOLS.find((tool) => tool.name === name)?.schema;
    expect(Object.keys(schema?.properties ?? {})).toEqual(properties);
    expect(schema?.required).toEqual(required);
  });

  it('loads the two tools of every conversation at once where tools are deferred', () => {
    const always = toolList().filter((tool) => '_meta' in tool && JSON.stringify(tool._meta).includes('alwaysLoad'));
    expect(always.map((tool) => tool.name)).toEqual(['relay_send', 'relay_receive']);
  });
});

describe('the instructions', () => {
  it('stay within 600 characters with the longest name', () => {
    expect(instructions(`C${'x'.repeat(63)}`).length).toBeLessThanOrEqual(600);
  });

  it('name the session, the tools, and whose words messages are', async () => {
    await expect(`${instructions('CC-1')}\n`).toMatchFileSnapshot('snapshots/instructions.txt');
    expect(instructions('CC-1')).toContain('You are CC-1 ');
    expect(instructions('CC-1')).toMatch(/not from your user/);
  });
});
