import { expect, it } from 'vitest';
import { generic } from '../../../src/agents/generic/install.ts';
import { world } from '../programs.ts';

it('any other client is told what to write, and where such things are; nothing is written', () => {
  const here = world();
  const [, script = ''] = here.launch;
  const { files, snippet = '', notes } = generic.plan(here, {});
  expect(files).toEqual([]);
  expect(JSON.parse(snippet)).toEqual({ mcpServers: { relay: { command: '/usr/bin/node', args: [script, 'mcp'] } } });
  expect(notes.join()).toContain('mcpServers');
  expect(generic.detect(here)).toBeUndefined();
});
