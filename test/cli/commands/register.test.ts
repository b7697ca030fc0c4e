import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readRegistry } from '../../../src/cli/registry.ts';
import { processFacts } from '../../../src/util/processes.ts';
import { commandLine } from '../../support/command-line.ts';
import { tempDir } from '../../support/temp-dir.ts';

const pid = String(process.pid);

describe('register', () => {
  it('prints the name and nothing else, and keeps who it is for', async () => {
    const home = tempDir();
    const { code, out, err } = await commandLine(['register', '--pid', pid, '--', 'CC-1'], { home });
    expect([code, out, err]).toEqual([0, 'CC-1\n', '']);
    const facts = processFacts(process.pid);
    expect((await readRegistry(home)).sessions).toMatchObject([
      { name: 'CC-1', pid: process.pid, start: facts?.start, program: facts?.program, cwd: '/work/here' },
    ]);
  });

  it('is for the calling process when none is named', async () => {
    const home = tempDir();
    await commandLine(['register', 'CC-1'], { home });
    expect((await readRegistry(home)).sessions).toMatchObject([{ pid: process.ppid }]);
  });

  it.each([
    'a;touch x',
    '$(id)',
    '`id`',
    '',
    ' ',
    'CC 1',
    'CC-1\n',
    "it's",
    '1st',
    '-n',
    '../x',
    'all',
    'ALL',
    'x'.repeat(65),
    'ünï',
    '\u001b[2J',
  ])('refuses %j, says why, prints nothing on stdout and writes nothing', async (name) => {
    const home = join(tempDir(), 'home');
    const { code, out, err } = await commandLine(['register', '--pid', pid, '--', name], { home });
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(/^claude-relay: ".*" cannot be a session's name\.\n {2}\S.*\.\n$/);
    expect(err).not.toContain('\u001b');
    expect(existsSync(home)).toBe(false);
  });

  it.each([
    ['0', 2, '--pid must be a number from 1 to 2147483647, not "0".'],
    ['-5', 2, ''],
    ['x', 2, '--pid must be'],
    ['1.5', 2, 'whole number'],
    ['2147483647', 1, 'There is no process 2147483647.'],
  ])('refuses the process %s', async (text, exit, sentence) => {
    const { code, out, err } = await commandLine(['register', `--pid=${text}`, 'CC-1'], { home: tempDir() });
    expect([code, out]).toEqual([exit, '']);
    expect(err).toContain(sentence);
  });

  it('refuses a name that a living process has', async () => {
    const home = tempDir();
    await commandLine(['register', '--pid', String(process.ppid), 'CC-1'], { home });
    const { code, out, err } = await commandLine(['register', '--pid', pid, 'CC-1'], { home });
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain(`CC-1 is taken by process ${process.ppid} (`);
  });

  it('is not in the list of commands', async () => {
    expect((await commandLine(['--help'], { home: tempDir() })).out).not.toContain('register');
  });
});
