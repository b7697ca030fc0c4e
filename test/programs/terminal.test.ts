import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { isRunning, markProcess } from '../../src/util/processes.ts';
import { machine } from '../support/cli.ts';
import { needs } from '../support/programs.ts';
import { Terminal } from './terminal.ts';

beforeEach(({ skip }) => needs('tmux', skip));

function terminal(command: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const here = machine();
  return {
    here,
    shown: new Terminal(here, 'T-1', command, { env: { PATH: process.env['PATH'] ?? '', ...env }, cwd: here.user }),
  };
}

describe('a terminal', () => {
  it('shows what a program prints, where it runs, and nothing of our environment', async () => {
    process.env['SECRET_OF_THE_TESTS'] = 'x';
    const { here, shown } = terminal(['sh', '-c', 'pwd; env; echo END; exec cat'], { GIVEN: '1' });
    const screen = await shown.shows(/^END$/m);
    delete process.env['SECRET_OF_THE_TESTS'];
    expect(screen).toContain(here.user);
    expect(screen).toContain('GIVEN=1');
    expect(screen).not.toMatch(/SECRET_OF_THE_TESTS|TMUX=/);
  });

  it('passes on a line, whatever is in it, and single keys', async () => {
    const { shown } = terminal(['sh', '-c', 'read -r line; echo "got <$line>"; exec cat']);
    await shown.type('$HOME "quoted" ; Enter');
    await shown.shows(/^got <\$HOME "quoted" ; Enter>$/m);
    shown.press('C-c');
    await shown.ended();
  });

  it('is the program: its process can be killed, and what it showed stays', async () => {
    const { shown } = terminal(['sh', '-c', 'echo ready; exec sleep 600']);
    await shown.shows(/ready/);
    const mark = markProcess(shown.pid);
    expect(isRunning(mark)).toBe(true);
    shown.kill();
    await shown.ended();
    expect(isRunning(mark)).toBe(false);
    expect(shown.history()).toContain('ready');
  });

  it('is one of several on a machine', async () => {
    const { here, shown } = terminal(['sh', '-c', 'echo one; exec cat']);
    const env = { PATH: process.env['PATH'] ?? '' };
    const second = new Terminal(here, 'T-2', ['sh', '-c', 'echo two; exec cat'], { env, cwd: here.user });
    await shown.shows(/one/);
    await second.shows(/two/);
    expect(second.pid).not.toBe(shown.pid);
    expect(existsSync(join(here.user, 'tmux'))).toBe(true);
  });
});
