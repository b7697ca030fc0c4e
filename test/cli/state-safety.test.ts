/** What the program makes in the state directory, and what it does about what others put there. Threats T4 and T20. */
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { statePaths } from '../../src/config/paths.ts';
import { Machine } from '../support/cli.ts';

let machine: Machine;
beforeEach(() => {
  machine = new Machine();
});
afterEach(() => machine.end());

/** Everything under a directory that others can reach, as `mode path`. */
function loose(dir: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' }).flatMap((name) => {
    const mode = lstatSync(join(dir, name)).mode & 0o777;
    return (mode & 0o077) === 0 ? [] : [`${mode.toString(8)} ${name}`];
  });
}

describe('under a umask of 000', () => {
  it('nothing that is made can be reached by others', { timeout: 60_000 }, async () => {
    rmSync(machine.home, { recursive: true });
    const line = [
      'umask 000',
      'claude-relay register CC-1 --pid $$',
      '(claude-relay serve 0 & echo $! > pid; wait) > out &',
      'until grep -q Ready out 2>/dev/null; do sleep 0.05; done',
      'claude-relay send CC-9 hello --as CC-1; claude-relay receive --as CC-1; claude-relay doctor',
      'kill $(cat pid); wait',
    ].join('\n');
    const { stderr } = await machine.spawn('bash', ['-c', line], { input: '' }).ended;
    expect(stderr).not.toContain('open to other users');
    expect(existsSync(statePaths(machine.home).token)).toBe(true);
    expect(lstatSync(machine.home).mode & 0o777).toBe(0o700);
    expect(loose(machine.home)).toEqual([]);
  });
});

describe('the token', () => {
  it('stands in nothing that the program prints', { timeout: 60_000 }, async () => {
    const relay = await machine.relay();
    const commands = [
      ['doctor'],
      ['doctor', '--json'],
      ['status'],
      ['service', 'install', '--dry-run'],
      ['shell-init', 'bash'],
      ['peers', '--json'],
    ];
    for (const command of commands) {
      const { stdout, stderr } = await machine.run(command, { env: { RELAY_TOKEN: machine.token } });
      expect(stdout + stderr).not.toContain(machine.token);
    }
    expect(relay.stdout + relay.stderr).not.toContain(machine.token);
  });

  it('that is wrong is refused without being repeated', { timeout: 60_000 }, async () => {
    await machine.relay();
    const { code, stdout, stderr } = await machine.run(['peers'], { env: { RELAY_TOKEN: 'wrong-token-0123456789' } });
    expect([code, stdout]).toEqual([4, '']);
    expect(stderr).not.toContain('wrong-token');
  });
});

describe('what others planted', () => {
  const TARGET = 'precious\n';
  let target: string;

  beforeEach(() => {
    target = join(machine.user, 'precious');
    writeFileSync(target, TARGET, { mode: 0o600 });
  });

  const untouched = () => expect(readFileSync(target, 'utf8')).toBe(TARGET);

  it.each([
    ['token', ['serve', '--port', '0'], 78],
    ['config.json', ['peers'], 78],
    ['config.json', ['serve', '--port', '0'], 78],
    ['relay.json', ['doctor'], 1],
  ] as const)('as a link called %s: %j refuses, and the target stays', async (name, command, exit) => {
    symlinkSync(target, join(machine.home, name));
    const { code, stdout, stderr } = await machine.run(command);
    expect([code, `${stdout}${stderr}`]).toEqual([exit, expect.stringContaining(`${name} is a symbolic link`)]);
    untouched();
  });

  it.each(['sessions', 'logs', 'data'])('as a link called %s: what would write there refuses', async (name) => {
    const elsewhere = join(machine.user, 'elsewhere');
    mkdirSync(elsewhere, { mode: 0o700 });
    symlinkSync(elsewhere, join(machine.home, name));
    const command =
      name === 'sessions' ? ['register', 'CC-1'] : name === 'data' ? ['serve', '--port', '0'] : ['doctor'];
    const { code, stdout, stderr } = await machine.run(command);
    expect(code).not.toBe(0);
    expect(stdout + stderr).toContain(`${name} is a symbolic link`);
    expect(readdirSync(elsewhere)).toEqual([]);
  });

  it('as a home that is a link, or open, or not a directory: 78 and the remedy', async () => {
    const real = join(machine.user, 'real');
    const link = join(machine.user, 'link');
    const open = join(machine.user, 'open');
    const file = join(machine.user, 'file');
    mkdirSync(real, { mode: 0o700 });
    mkdirSync(open);
    chmodSync(open, 0o770);
    symlinkSync(real, link);
    writeFileSync(file, '');
    for (const [home, sentence] of [
      [link, 'is a symbolic link'],
      [open, 'is open to other users (mode 0770)'],
      [file, 'is not a directory'],
    ] as const) {
      const { code, stdout, stderr } = await machine.run(['peers'], { env: { CLAUDE_RELAY_HOME: home } });
      expect([code, stdout, stderr]).toEqual([78, '', expect.stringContaining(sentence)]);
    }
    expect(readdirSync(real)).toEqual([]);
  });
});
