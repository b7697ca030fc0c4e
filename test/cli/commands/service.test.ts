import { appendFileSync, chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Ran } from '../../../src/util/run.ts';
import { commandLine, FakeRunner, type LineOptions } from '../../support/command-line.ts';
import { tempDir } from '../../support/temp-dir.ts';

type Answers = ReadonlyArray<readonly [string, Partial<Ran>]>;

const UNIT = 'user/.config/systemd/user/claude-relay.service';
const NO_BUS: Answers = [['systemctl', { code: 1, stderr: 'Failed to connect to bus: No medium found\n' }]];
const SHOWN = 'LoadState=loaded\nActiveState=active\nSubState=running\nMainPID=42\n';

/** `claude-relay service …` with a supervisor that answers so. */
async function service(argv: readonly string[], answers: Answers = [], options: Partial<LineOptions> = {}) {
  const runner = new FakeRunner(answers);
  const home = options.home ?? tempDir();
  const ran = await commandLine(['service', ...argv], { run: runner.run, ...options, home });
  return { ...ran, home, calls: runner.calls.map((call) => call.join(' ')) };
}

/** A state directory with those logs. */
function withLogs(files: Readonly<Record<string, string>>): string {
  const home = tempDir();
  mkdirSync(join(home, 'logs'), { mode: 0o700 });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(home, 'logs', name), text, { mode: 0o600 });
  return home;
}

/** A directory with an ssh in it, as a PATH. */
function withSsh(): string {
  const dir = tempDir();
  writeFileSync(join(dir, 'ssh'), '#!/bin/sh\n');
  chmodSync(join(dir, 'ssh'), 0o755);
  return dir;
}

describe('service install', () => {
  it('writes the unit, loads it, and says where', async () => {
    const { code, out, home, calls } = await service(['install']);
    const file = join(home, UNIT);
    expect([code, out]).toEqual([0, `Installed: ${file}\n`]);
    const text = readFileSync(file, 'utf8');
    expect(text).toContain('ExecStart=/usr/bin/node /opt/claude-relay/dist/cli.mjs serve\n');
    expect(text).toContain(`Environment=CLAUDE_RELAY_HOME=${home}\n`);
    expect(text).toContain(`StandardError=append:${home}/logs/relay-error.log\n`);
    expect(calls).toContain('systemctl --user restart claude-relay.service');
    expect(readdirSync(join(home, 'logs')).sort()).toEqual(['relay-error.log', 'relay.log']);
  });

  it('on macOS writes a property list and calls launchctl', async () => {
    const { code, out, home, calls } = await service(['install'], [], { platform: 'darwin' });
    const file = join(home, 'user/Library/LaunchAgents/claude-relay.relay.plist');
    expect([code, out, existsSync(file)]).toEqual([0, `Installed: ${file}\n`, true]);
    expect(calls.at(-1)).toMatch(new RegExp(`^launchctl bootstrap gui/\\d+ ${file}$`));
  });

  it('writes down what flags and variables say', async () => {
    const env = { RELAY_PORT: '1234' };
    const { home } = await service(['install', '--legacy', '--data', '/srv/a b'], [], { env });
    expect(readFileSync(join(home, UNIT), 'utf8')).toContain('cli.mjs serve --port=1234 "--data=/srv/a b" --legacy\n');
  });

  it.each([
    ['linux', 'ExecStart='],
    ['darwin', '<key>ProgramArguments</key>'],
  ] as const)('--dry-run on %s prints the file and does nothing', async (platform, part) => {
    const { code, out, err, home, calls } = await service(['install', '--dry-run'], NO_BUS, { platform });
    expect([code, err, calls, readdirSync(home)]).toEqual([0, '', [], []]);
    expect(out).toContain(part);
  });

  it('--json says what was done; --dry-run --json what would be', async () => {
    const dry = await service(['install', '--dry-run', '--json']);
    expect(JSON.parse(dry.out)).toMatchObject({
      unit: 'relay',
      supervisor: 'systemd',
      file: join(dry.home, UNIT),
      command: ['/usr/bin/node', '/opt/claude-relay/dist/cli.mjs', 'serve'],
      text: expect.stringContaining('[Service]'),
    });
    const done = await service(['install', '--json']);
    expect(JSON.parse(done.out)).toMatchObject({ unit: 'relay', logs: { out: join(done.home, 'logs/relay.log') } });
  });

  it('without a way to the supervisor is one sentence with the remedy, and writes nothing', async () => {
    const { code, out, err, home } = await service(['install'], NO_BUS);
    expect([code, out, readdirSync(home)]).toEqual([1, '', []]);
    expect(err).toMatch(
      /^claude-relay: The systemd of your user cannot be reached from here\.\n {2}Log in as yourself.*\n$/,
    );
  });

  it.each([
    ['no', true],
    ['yes', false],
  ])('says that it ends at logout, when it does (Linger=%s)', async (linger, says) => {
    const { err, calls } = await service(['install'], [['loginctl', { stdout: `${linger}\n` }]], {
      env: { USER: 'anna' },
    });
    expect(err.includes('loginctl enable-linger')).toBe(says);
    expect(calls.at(-1)).toBe('loginctl show-user anna --property=Linger --value');
  });

  it.each([
    [['install', 'tunel'], 2, 'Allowed choices are relay, tunnel'],
    [['install', 'relay', 'me@x'], 2, 'Only a tunnel goes to another host.'],
    [['install', '--port', '0'], 2, 'A service needs a port that stays.'],
    [['install', '--port', 'x'], 2, '--port must be'],
    [['frobnicate'], 2, 'Unknown command'],
  ])('%j is refused', async (argv, exit, sentence) => {
    const { code, err, calls } = await service(argv);
    expect([code, calls]).toEqual([exit, []]);
    expect(err).toContain(sentence);
  });

  it('elsewhere is a sentence', async () => {
    const { code, err } = await service(['install'], [], { platform: 'win32' });
    expect([code, err]).toEqual([1, expect.stringContaining('win32 has neither')]);
  });
});

describe('service install tunnel', () => {
  it('keeps an ssh forward of the port', async () => {
    const PATH = withSsh();
    const { code, home, err, calls } = await service(['install', 'tunnel', 'me@relay'], [], {
      env: { PATH, RELAY_PORT: '1234' },
    });
    expect(code).toBe(0);
    const text = readFileSync(join(home, 'user/.config/systemd/user/claude-relay-tunnel.service'), 'utf8');
    expect(text).toContain(`ExecStart=${PATH}/ssh -N -L 127.0.0.1:1234:127.0.0.1:1234 -o ServerAliveInterval=15 `);
    expect(text).toContain('-o BatchMode=yes -- me@relay\n');
    expect(calls).toContain('systemctl --user enable claude-relay-tunnel.service');
    expect(err).toContain('ssh -o BatchMode=yes me@relay true');
  });

  it('may go to another port there', async () => {
    const { out } = await service(['install', 'tunnel', 'me@relay', '--remote-port', '77', '--dry-run'], [], {
      env: { PATH: withSsh() },
    });
    expect(out).toContain('-L 127.0.0.1:9999:127.0.0.1:77 ');
  });

  it.each([
    [['tunnel'], 2, 'A tunnel needs to know where the relay runs.'],
    [['tunnel', '--', '-oProxyCommand=x'], 2, '"-oProxyCommand=x" is not a user@host'],
    [['tunnel', 'me@relay x'], 2, 'is not a user@host'],
    [['tunnel', 'me@relay', '--remote-port', '0'], 2, '--remote-port must be a number from 1 to 65535'],
  ])('%j is refused', async (argv, exit, sentence) => {
    const { code, err, home } = await service(['install', ...argv], [], { env: { PATH: withSsh() } });
    expect([code, readdirSync(home)]).toEqual([exit, []]);
    expect(err).toContain(sentence);
  });

  it('without ssh is a sentence', async () => {
    const { code, err } = await service(['install', 'tunnel', 'me@relay'], [], { env: { PATH: '/nowhere' } });
    expect([code, err]).toEqual([1, expect.stringContaining('There is no ssh in your PATH.')]);
  });
});

describe('service uninstall', () => {
  it('removes what was installed, and says so', async () => {
    const { home } = await service(['install']);
    const { code, out } = await service(['uninstall'], [['systemctl --user show', { stdout: SHOWN }]], { home });
    expect([code, out, existsSync(join(home, UNIT))]).toEqual([0, `Removed: ${join(home, UNIT)}\n`, false]);
  });

  it('of nothing is no error', async () => {
    const gone: Answers = [['systemctl --user show', { stdout: 'LoadState=not-found\n' }]];
    expect(await service(['uninstall', 'tunnel'], gone)).toMatchObject({
      code: 0,
      out: 'The tunnel was not installed.\n',
    });
    expect(JSON.parse((await service(['uninstall', '--json'], gone)).out)).toMatchObject({
      unit: 'relay',
      removed: false,
    });
  });
});

describe('service status', () => {
  it('shows both units, and is well when what is installed runs', async () => {
    const { home } = await service(['install']);
    const { code, out } = await service(['status'], [['systemctl --user show', { stdout: SHOWN }]], { home });
    expect(code).toBe(0);
    expect(out.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['service', 'state', 'pid', 'last exit', 'file'],
      ['relay', 'active (running)', '42', join(home, UNIT)],
      ['tunnel', 'not installed', '42'],
      [''],
    ]);
  });

  it('is not well when something installed does not run', async () => {
    const failed = 'LoadState=loaded\nActiveState=failed\nSubState=failed\nMainPID=0\nExecMainStatus=78\n';
    const { home } = await service(['install']);
    const { code, out } = await service(['status', '--json'], [['systemctl --user show', { stdout: failed }]], {
      home,
    });
    expect(code).toBe(1);
    const [relay, tunnel] = JSON.parse(out).units;
    expect(relay).toMatchObject({ unit: 'relay', isInstalled: true, isRunning: false, lastExit: 78 });
    expect(tunnel).toMatchObject({ unit: 'tunnel', isInstalled: false });
  });

  it('without a way to the supervisor is a sentence', async () => {
    expect(await service(['status'], NO_BUS)).toMatchObject({
      code: 1,
      err: expect.stringContaining('cannot be reached'),
    });
  });
});

describe('service logs', () => {
  it('shows the end of both files; what is talk is on stderr', async () => {
    const home = withLogs({ 'relay.log': 'a\nb\nc\n', 'relay-error.log': 'x\n', 'tunnel.log': 'no\n' });
    const { code, out, err } = await service(['logs', '-n', '2'], [], { home });
    expect([code, out]).toEqual([0, 'b\nc\nx\n']);
    expect(err).toBe(`== ${home}/logs/relay.log\n== ${home}/logs/relay-error.log\n`);
  });

  it('shows 20 lines when nobody says how many, and none when there are none', async () => {
    const text = Array.from({ length: 30 }, (_, i) => `line ${i}\n`).join('');
    const { out, err } = await service(['logs', 'tunnel'], [], { home: withLogs({ 'tunnel.log': text }) });
    expect(out.split('\n')).toHaveLength(21);
    expect(err).toContain('tunnel-error.log: nothing yet');
  });

  it('makes what is in them harmless', async () => {
    const { out } = await service(['logs'], [], { home: withLogs({ 'relay.log': 'a\u001b[2Jb\u202e\n' }) });
    expect(out).toBe('a␛[2Jb<202e>\n');
  });

  it('--json has files and lines', async () => {
    const home = withLogs({ 'relay.log': 'a\nb\n' });
    const { out } = await service(['logs', '--json', '--lines', '1'], [], { home });
    expect(JSON.parse(out)).toEqual({
      unit: 'relay',
      files: [
        { path: join(home, 'logs/relay.log'), lines: ['b'] },
        { path: join(home, 'logs/relay-error.log'), lines: [] },
      ],
    });
  });

  it('rotates a full one, which on a machine with only a tunnel nobody else does', async () => {
    const home = withLogs({ 'tunnel-error.log': 'x'.repeat(11 * 1024 * 1024) });
    await service(['logs', 'tunnel', '-n', '0'], [], { home });
    expect(readdirSync(join(home, 'logs')).sort()).toEqual(['tunnel-error.log', 'tunnel-error.log.1']);
  });

  it('--follow goes on until it is stopped', async () => {
    const home = withLogs({ 'relay.log': 'old\n' });
    const controller = new AbortController();
    const following = service(['logs', '--follow'], [], { home, signal: controller.signal });
    appendFileSync(join(home, 'logs/relay.log'), 'new\n');
    // What was added before the first look is shown by that look.
    setImmediate(() => controller.abort());
    const { code, out } = await following;
    expect([code, out]).toEqual([0, expect.stringMatching(/^old\n/)]);
  });

  it.each(['x', '-1', '10001', '1.5'])('-n %s is refused', async (count) => {
    expect((await service(['logs', `--lines=${count}`])).code).toBe(2);
  });
});
