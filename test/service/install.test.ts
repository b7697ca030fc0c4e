/** What every supervisor must do with a unit's file, over both of them. */
import { chmodSync, existsSync, lstatSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { installUnit, supervisorFor, uninstallUnit } from '../../src/service/install.ts';
import type { Ran } from '../../src/util/run.ts';
import { FakeRunner } from '../support/command-line.ts';
import { tempDir } from '../support/temp-dir.ts';
import { unit } from './unit.ts';

const modeOf = (path: string) => (lstatSync(path).mode & 0o777).toString(8);

type Answers = ReadonlyArray<readonly [string, Partial<Ran>]>;

interface Case {
  readonly platform: NodeJS.Platform;
  readonly unreachable: Answers;
  readonly loaded: Answers;
  readonly notLoaded: Answers;
  /** The first words of the calls that load. */
  readonly loads: string;
}

const CASES: readonly Case[] = [
  {
    platform: 'linux',
    unreachable: [['systemctl', { code: 1, stderr: 'Failed to connect to bus: No medium found' }]],
    loaded: [['systemctl --user show', { stdout: 'LoadState=loaded\nActiveState=active\nSubState=running\n' }]],
    notLoaded: [['systemctl --user show', { stdout: 'LoadState=not-found\nActiveState=inactive\nSubState=dead\n' }]],
    loads: 'systemctl --user restart',
  },
  {
    platform: 'darwin',
    unreachable: [['launchctl', { code: 127 }]],
    loaded: [['launchctl print', { stdout: '\tstate = running\n' }]],
    notLoaded: [['launchctl print', { code: 113 }]],
    loads: 'launchctl bootstrap',
  },
];

describe.each(CASES)('on $platform', ({ platform, unreachable, loaded, notLoaded, loads }) => {
  function setup(answers: Answers = []) {
    const runner = new FakeRunner(answers);
    const userHome = tempDir();
    const home = join(userHome, 'state');
    const supervisor = supervisorFor(platform, { run: runner.run, env: {}, userHome, uid: 1000 });
    const logs = { out: join(home, 'logs/relay.log'), error: join(home, 'logs/relay-error.log') };
    return { runner, home, supervisor, file: supervisor.file('relay'), unit: unit({ logs }) };
  }

  const called = (runner: FakeRunner, start: string) => runner.calls.some((call) => call.join(' ').startsWith(start));

  it('installing writes the file, makes the logs private, and loads', async () => {
    const { supervisor, unit: relay, home, file, runner } = setup();
    await installUnit(supervisor, relay, home);
    expect(readFileSync(file, 'utf8')).toBe(supervisor.render(relay));
    expect([modeOf(file), modeOf(join(home, 'logs')), modeOf(relay.logs.out), modeOf(relay.logs.error)]).toEqual([
      '600',
      '700',
      '600',
      '600',
    ]);
    expect(called(runner, loads)).toBe(true);
  });

  it('the loader is called after the file is there', async () => {
    const { supervisor, unit: relay, home, file } = setup();
    const seen: boolean[] = [];
    const watching = supervisorFor(platform, {
      run: async (program, args) => {
        if ([program, ...args].join(' ').startsWith(loads)) seen.push(existsSync(file));
        return { code: 0, stdout: '', stderr: '' };
      },
      env: {},
      userHome: dirname(home),
      uid: 1000,
    });
    await installUnit(watching, relay, home);
    expect([supervisor.file('relay'), seen]).toEqual([file, [true]]);
  });

  it('installing again replaces the file and keeps the logs', async () => {
    const { supervisor, unit: relay, home, file } = setup();
    await installUnit(supervisor, relay, home);
    writeFileSync(relay.logs.out, 'a line\n');
    await installUnit(supervisor, { ...relay, command: ['/other/node'] }, home);
    expect(readFileSync(file, 'utf8')).toContain('/other/node');
    expect(readFileSync(relay.logs.out, 'utf8')).toBe('a line\n');
  });

  it('nothing is written when the supervisor is out of reach', async () => {
    const { supervisor, unit: relay, home, file } = setup(unreachable);
    await expect(installUnit(supervisor, relay, home)).rejects.toThrow();
    expect([existsSync(file), existsSync(home)]).toEqual([false, false]);
  });

  it('nothing is written into a state directory that others can reach, nor loaded', async () => {
    const { supervisor, unit: relay, home, file, runner } = setup();
    mkdirSync(home);
    chmodSync(home, 0o777);
    await expect(installUnit(supervisor, relay, home)).rejects.toThrow('open to other users');
    expect([existsSync(file), called(runner, loads)]).toEqual([false, false]);
  });

  it('nothing is written through a link', async () => {
    const { supervisor, unit: relay, home, file } = setup();
    const target = join(tempDir(), 'precious');
    writeFileSync(target, 'precious');
    mkdirSync(dirname(file), { recursive: true });
    symlinkSync(target, file);
    await expect(installUnit(supervisor, relay, home)).rejects.toThrow('symbolic link');
    expect(readFileSync(target, 'utf8')).toBe('precious');
  });

  it('uninstalling stops it and removes the file, not the logs', async () => {
    const { supervisor, unit: relay, home, file } = setup(loaded);
    await installUnit(supervisor, relay, home);
    expect(await uninstallUnit(supervisor, 'relay')).toBe(true);
    expect([existsSync(file), existsSync(relay.logs.out)]).toEqual([false, true]);
  });

  it('uninstalling what only the supervisor still knows stops that', async () => {
    const { supervisor } = setup(loaded);
    expect(await uninstallUnit(supervisor, 'relay')).toBe(true);
  });

  it('uninstalling what is not there does nothing', async () => {
    const { supervisor, runner } = setup(notLoaded);
    expect(await uninstallUnit(supervisor, 'relay')).toBe(false);
    expect(called(runner, 'systemctl --user disable') || called(runner, 'launchctl bootout')).toBe(false);
  });
});

it.each(['win32', 'freebsd', 'aix'] as const)('on %s there is a sentence instead', (platform) => {
  const input = { run: new FakeRunner().run, env: {}, userHome: '/x', uid: 0 };
  expect(() => supervisorFor(platform, input)).toThrow(`${platform} has neither`);
});
