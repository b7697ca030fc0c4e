import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Check } from '../../src/agents/installer.ts';
import { verify } from '../../src/agents/verify.ts';
import { FakeRunner } from '../support/command-line.ts';
import { world } from './programs.ts';
import { write } from './samples.ts';

const CHECK: Check = {
  command: ['tool', 'mcp', 'list'],
  read: ({ stdout }) => (stdout === 'yes' ? 'connected' : 'not seen'),
};

function withTool() {
  const here = world();
  const path = join(here.root, 'bin', 'tool');
  write(path, '');
  chmodSync(path, 0o755);
  return { here: { ...here, env: { PATH: join(here.root, 'bin') } }, path };
}

describe('a program that is asked whether it sees the relay', () => {
  it('is run by its whole path, with its list of arguments', async () => {
    const { here, path } = withTool();
    const runner = new FakeRunner([[path, { stdout: 'yes' }]]);
    expect(await verify(CHECK, here, runner.run)).toEqual({ seen: 'connected', says: 'tool mcp list' });
    expect(runner.calls).toEqual([[path, 'mcp', 'list']]);
  });

  it('may not know it', async () => {
    const { here } = withTool();
    expect((await verify(CHECK, here, new FakeRunner().run)).seen).toBe('not seen');
  });

  it('may take too long', async () => {
    const { here, path } = withTool();
    const runner = new FakeRunner([[path, { code: 124, stdout: 'yes' }]]);
    expect((await verify(CHECK, here, runner.run)).seen).toBe('no answer');
  });

  it('is not asked when it is not there, or has no such command', async () => {
    const runner = new FakeRunner();
    expect(await verify(CHECK, world(), runner.run)).toEqual({ seen: 'not asked', says: 'there is no tool in PATH' });
    expect((await verify(undefined, world(), runner.run)).seen).toBe('not asked');
    expect(runner.calls).toEqual([]);
  });
});
