import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { renderSystemd, Systemd } from '../../src/service/systemd.ts';
import { tunnelUnit } from '../../src/service/units.ts';
import { type Ran, runProgram } from '../../src/util/run.ts';
import { FakeRunner } from '../support/command-line.ts';
import { tempDir } from '../support/temp-dir.ts';
import { NASTY_WORDS, unit } from './unit.ts';

function systemd(answers: ReadonlyArray<readonly [string, Partial<Ran>]> = [], env: NodeJS.ProcessEnv = {}) {
  const runner = new FakeRunner(answers);
  const userHome = tempDir();
  return { runner, userHome, supervisor: new Systemd({ run: runner.run, env, userHome, uid: 1000 }) };
}

const line = (text: string, key: string): string => text.split('\n').find((each) => each.startsWith(`${key}=`)) ?? '';

describe('a unit file', () => {
  it('of the relay reads as it did', () => {
    expect(renderSystemd(unit())).toMatchSnapshot();
  });

  it('of a tunnel reads as it did', () => {
    const tunnel = tunnelUnit({
      home: '/home/me/.claude-relay',
      ssh: '/usr/bin/ssh',
      way: { target: 'me@relay', options: [] },
      port: 9999,
    });
    expect(renderSystemd(tunnel)).toMatchSnapshot();
  });

  it.each([
    ['two words', '"two words"'],
    ['"q"', '"\\"q\\""'],
    ['a\\b', '"a\\\\b"'],
    ['$HOME', '"$$HOME"'],
    ['$$', '"$$$$"'],
    ['%h', '"%%h"'],
    ["it's", '"it\'s"'],
    [';', '";"'],
    ['plain-1.2/x', 'plain-1.2/x'],
    ['', '""'],
  ])('holds the argument %j as %s', (word, written) => {
    const { command } = unit();
    expect(line(renderSystemd(unit({ command: [command[0], word] })), 'ExecStart')).toBe(
      `ExecStart=/usr/bin/node ${written}`,
    );
  });

  it('leaves a dollar alone where systemd does', () => {
    const text = renderSystemd(unit({ command: ['/opt/$x/node'], environment: { CLAUDE_RELAY_HOME: '/$y z' } }));
    expect([line(text, 'ExecStart'), line(text, 'Environment')]).toEqual([
      'ExecStart="/opt/$x/node"',
      'Environment="CLAUDE_RELAY_HOME=/$y z"',
    ]);
  });

  it.each(["/o'brien/node", '/a"b/node', '/a\\b/node'])(
    'has %j started by env: systemd itself refuses to',
    (program) => {
      const exec = line(renderSystemd(unit({ command: [program, '$x'] })), 'ExecStart');
      expect(exec).toMatch(/^ExecStart=\/usr\/bin\/env "\/.*node" "\$\$x"$/);
      expect(() => renderSystemd(unit({ command: [`/x=y${program}`] }))).toThrow('its path has quotes and =');
    },
  );

  it('does not quote log files, which systemd does not unquote', () => {
    const text = renderSystemd(unit({ logs: { out: '/a b/100%/x.log', error: "/it's.log" } }));
    expect([line(text, 'StandardOutput'), line(text, 'StandardError')]).toEqual([
      'StandardOutput=append:/a b/100%%/x.log',
      "StandardError=append:/it's.log",
    ]);
  });

  it.each(['/a\nExecStartPre=/bin/evil', '/a\rb', '/a\u0000', '/a\u001b', '/\u007f'])(
    'cannot hold %j, and says so',
    (path) => {
      expect(() => renderSystemd(unit({ command: [path] }))).toThrow('control characters');
      expect(() => renderSystemd(unit({ command: ['/n', path] }))).toThrow('control characters');
      expect(() => renderSystemd(unit({ environment: { X: path } }))).toThrow('control characters');
      expect(() => renderSystemd(unit({ logs: { out: path, error: '/x' } }))).toThrow('control characters');
      expect(() => renderSystemd(unit({ description: path }))).toThrow('control characters');
    },
  );
});

describe('the real systemd', () => {
  let isThere = false;
  beforeAll(async () => {
    isThere = (await runProgram('systemd-analyze', ['--version'])).code === 0;
  });

  /** Answers what systemd-analyze said about our file. It wants a runtime directory, and programs that exist. */
  async function verify(over: Parameters<typeof unit>[0]): Promise<string[]> {
    const dir = tempDir();
    const file = join(dir, 'claude-relay.service');
    writeFileSync(file, renderSystemd(unit(over)));
    const { stderr } = await runProgram('env', [`XDG_RUNTIME_DIR=${dir}`, 'systemd-analyze', 'verify', '--user', file]);
    const about = stderr.split('\n').filter((each) => each !== '');
    // Known to newer ones only, as the file itself says.
    return about.filter((each) => !/'RestartSteps'|'RestartMaxDelaySec'/.test(each));
  }

  /** A program in a directory of that name. */
  function programIn(name: string): string {
    const dir = join(tempDir(), name);
    mkdirSync(dir);
    writeFileSync(join(dir, 'node'), '#!/bin/sh\n');
    chmodSync(join(dir, 'node'), 0o755);
    return join(dir, 'node');
  }

  it('finds nothing wrong', async (test) => {
    if (!isThere) test.skip('systemd-analyze is not installed');
    expect(await verify({ command: [programIn('plain'), 'serve'] })).toEqual([]);
  });

  it('would complain: the check can fail', async (test) => {
    if (!isThere) test.skip('systemd-analyze is not installed');
    expect((await verify({ command: ['/nowhere/node'] })).join()).toContain('/nowhere/node');
  });

  it.each(NASTY_WORDS.filter((word) => !word.includes('/')))(
    'finds the program in a directory called %j',
    async (name) => {
      if (!isThere) return;
      expect(await verify({ command: [programIn(name), ...NASTY_WORDS] })).toEqual([]);
    },
  );
});

describe('the loader', () => {
  const FILE = 'claude-relay.service';

  it('is asked to read, enable and restart, in this order', async () => {
    const { supervisor, runner } = systemd();
    await supervisor.load('relay');
    expect(runner.calls).toEqual([
      ['systemctl', '--user', 'daemon-reload'],
      ['systemctl', '--user', 'enable', FILE],
      ['systemctl', '--user', 'restart', FILE],
    ]);
  });

  it('is asked to disable and stop, then to read again', async () => {
    const { supervisor, runner } = systemd();
    await supervisor.unload('tunnel');
    await supervisor.reload();
    expect(runner.calls).toEqual([
      ['systemctl', '--user', 'disable', '--now', 'claude-relay-tunnel.service'],
      ['systemctl', '--user', 'daemon-reload'],
    ]);
  });

  it.each([
    'Failed to connect to bus: No medium found\n',
    'Failed to connect to user scope bus via local transport: $DBUS_SESSION_BUS_ADDRESS and $XDG_RUNTIME_DIR not defined\n',
    'Failed to connect to bus: $DBUS_SESSION_BUS_ADDRESS and $XDG_RUNTIME_DIR not defined (consider using --machine=x)\n',
    'Failed to connect to bus: No such file or directory\n',
  ])('that is out of reach is one sentence with a remedy: %s', async (stderr) => {
    const { supervisor } = systemd([['systemctl', { code: 1, stderr }]]);
    await expect(supervisor.check()).rejects.toMatchObject({
      message: 'The systemd of your user cannot be reached from here.',
      remedy: expect.stringMatching(/loginctl enable-linger \S+ && export XDG_RUNTIME_DIR=\/run\/user\/1000$/),
    });
  });

  it('that is not there at all is another', async () => {
    const { supervisor } = systemd([['systemctl', { code: 127 }]]);
    await expect(supervisor.check()).rejects.toThrow('This machine has no systemd.');
  });

  it('that fails otherwise is quoted', async () => {
    const { supervisor } = systemd([['systemctl --user restart', { code: 5, stderr: 'x\nUnit is masked.\n' }]]);
    await expect(supervisor.load('relay')).rejects.toThrow(
      `systemctl --user restart ${FILE} failed (5): Unit is masked.`,
    );
  });
});

describe('the state', () => {
  const show = (stdout: string) => systemd([['systemctl --user show', { stdout }]]);

  it.each([
    [
      'LoadState=loaded\nActiveState=active\nSubState=running\nMainPID=42\nExecMainStatus=0\n',
      { isRunning: true, state: 'active (running)', pid: 42 },
    ],
    [
      'LoadState=loaded\nActiveState=activating\nSubState=auto-restart\nMainPID=0\nExecMainStatus=255\n',
      { isRunning: false, state: 'activating (auto-restart)', lastExit: 255 },
    ],
    [
      'LoadState=not-found\nActiveState=inactive\nSubState=dead\nMainPID=0\n',
      { isRunning: false, state: 'not loaded' },
    ],
    ['', { isRunning: false, state: 'unknown (unknown)' }],
  ])('is read: %j', async (stdout, state) => {
    const { supervisor } = show(stdout);
    const said = await supervisor.status('relay');
    expect(said).toMatchObject({ unit: 'relay', isInstalled: false, file: supervisor.file('relay'), ...state });
    expect('pid' in said).toBe('pid' in state);
  });
});

describe('the place of the file', () => {
  it('is the user’s configuration directory', () => {
    const { supervisor, userHome } = systemd();
    expect(supervisor.file('relay')).toBe(join(userHome, '.config/systemd/user/claude-relay.service'));
    expect(supervisor.file('tunnel')).toBe(join(userHome, '.config/systemd/user/claude-relay-tunnel.service'));
    expect(existsSync(join(userHome, '.config'))).toBe(false);
  });

  it.each([
    ['/xdg', '/xdg/systemd/user/claude-relay.service'],
    ['', undefined],
    ['relative', undefined],
  ])('is where XDG_CONFIG_HOME=%j says', (config, file) => {
    const { supervisor, userHome } = systemd([], { XDG_CONFIG_HOME: config });
    expect(supervisor.file('relay')).toBe(file ?? join(userHome, '.config/systemd/user/claude-relay.service'));
  });
});
