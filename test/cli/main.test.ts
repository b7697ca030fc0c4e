/** The real program: what is loaded for what, exit codes, and readers that go away. */
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from '../../scripts/ensure.mjs';
import { entryOf } from '../../src/cli/entries.ts';
import { Machine } from '../support/cli.ts';

let machine: Machine;

beforeAll(async () => {
  machine = new Machine();
  await machine.ok(['--version']);
});
afterAll(() => machine.end());

describe('what is asked for', () => {
  it.each([
    [['mcp'], true],
    [['mcp', '--help'], true],
    [['mcp', '--client-id', 'X'], true],
    [['serve'], true],
    [['serve', '9998'], true],
    [['serve', '--help'], false],
    [['serve', '-h'], false],
    [['help', 'mcp'], false],
    [['send', 'mcp', 'x'], false],
    [['--version'], false],
    [[], false],
  ])('%j is an entry of its own: %s', (argv, yes) => {
    expect(entryOf(argv) !== undefined).toBe(yes);
  });

  it('is loaded alone: the file of the command line holds no framework and no relay', () => {
    const text = readFileSync(join(ROOT, 'dist/cli.mjs'), 'utf8');
    const imports = [...text.matchAll(/^import .*from ["'](.*)["']/gm)].map(([, from]) => from);
    expect(imports.filter((from) => /commander|program|hono|pino|sqlite|ws/.test(from ?? ''))).toEqual([]);
  });
});

describe('the program', () => {
  it('says its version', async () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    expect(await machine.ok(['--version'])).toBe(`${version}\n`);
  });

  it.each([
    [['--help'], 0],
    [[], 0],
    [['nonsense'], 2],
    [['doctor', '--nonsense'], 2],
    [['service', 'install', 'tunnel'], 2],
    [['mcp', '--nonsense'], 2],
    [['serve', 'x'], 2],
    [['peers', '--relay-url', 'ws://127.0.0.1:1'], 3],
  ])('%j ends with %i', async (argv, code) => {
    expect((await machine.run(argv)).code).toBe(code);
  });

  it('ends with 78 when the state directory is open to others', async () => {
    const { code, stderr } = await machine.spawn(
      'bash',
      ['-c', 'mkdir -p open && chmod 755 open && CLAUDE_RELAY_HOME=$PWD/open claude-relay peers'],
      {
        input: '',
      },
    ).ended;
    expect([code, stderr]).toEqual([78, expect.stringContaining('chmod 700 ')]);
  });

  it('does not mind a reader that is gone before anything is written', async () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the braces are the shell's.
    const line = 'claude-relay --help | true; echo "${PIPESTATUS[0]}"';
    const { stdout, stderr } = await machine.spawn('bash', ['-c', line], { input: '' }).ended;
    expect([stdout, stderr]).toEqual(['0\n', '']);
  });

  it('goes on while a command waits for nothing but time, and answers when it is told to stop', async () => {
    const logs = join(machine.home, 'logs');
    mkdirSync(logs, { mode: 0o700 });
    writeFileSync(join(logs, 'relay.log'), 'before\n', { mode: 0o600 });
    const following = await machine.start(['service', 'logs', '--follow']);
    await following.says(/before/);
    appendFileSync(join(logs, 'relay.log'), 'after\n');
    await following.says(/after/);
    const { code, stderr } = await following.kill('SIGTERM');
    expect([code, stderr]).toEqual([0, expect.stringContaining('relay.log')]);
  });

  it('can be started through a link, as package managers install it', async () => {
    const line = `ln -s ${join(ROOT, 'dist/cli.mjs')} linked && ./linked shell-init bash`;
    const { stdout } = await machine.spawn('bash', ['-c', line], { input: '' }).ended;
    expect(stdout).toContain(`'${join(ROOT, 'dist/cli.mjs')}' register`);
  });
});
