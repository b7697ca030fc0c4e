/** T4: under a umask of 000 nothing that is made can be reached by others, the token stands in its file only, and what is loose is refused. */
import { execFileSync } from 'node:child_process';
import { chmodSync, lstatSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { record } from '../faults/support/figures.ts';
import { CLI, type Machine, McpSession, machine, type Started } from '../support/cli.ts';

const PROGRAMS = ['claude-code', 'codex', 'gemini', 'antigravity', 'cursor', 'vscode', 'opencode', 'copilot'];

/** Everything that was said while it went on, to be searched for the token. */
class Round {
  readonly machine: Machine = machine();
  readonly said: string[] = [];

  /** The real command line, under a umask that takes nothing away. */
  start(...args: string[]): Started {
    return this.machine.spawn('bash', ['-c', 'umask 000; exec "$0" "$@"', process.execPath, CLI, ...args]);
  }

  async run(...args: string[]): Promise<string> {
    const started = this.start(...args);
    started.child.stdin.end();
    const { stdout, stderr } = await started.ended;
    this.said.push(stdout, stderr);
    return stdout;
  }

  get token(): string {
    return this.machine.token;
  }
}

/** All that writes: relay, sessions, hooks, command line, install, copies, a relay that is away. */
async function everything(round: Round): Promise<{ readonly ps: string; readonly environments: string }> {
  const { machine: m } = round;
  rmSync(m.home, { recursive: true });
  const relay = round.start('serve', '--port', '0');
  const port = /\d+$/.exec(await relay.says(/Ready! Listening on \S+:\d+/))?.[0] ?? '';
  const session = new McpSession('CC-1', round.start('mcp', '--client-id', 'CC-1'));
  await session.initialize('claude-code');
  await session.connected();
  await round.run('register', 'CC-2', '--pid', String(process.pid));
  await round.run('send', 'CC-1', 'hello', '--as', 'anna');
  const hook = round.start('hook', 'claude-code', 'UserPromptSubmit');
  hook.child.stdin.end('{"session_id":"s-1","prompt":"hello"}');
  await hook.ended;
  await round.run('send', 'CC-1', 'and again', '--as', 'anna');
  await session.call('relay_receive', {});
  await round.run('install', ...PROGRAMS);
  await round.run('backup', join(m.user, 'copy.sqlite'));
  await round.run('export', join(m.user, 'export.jsonl'));
  await round.run('resume', 'allow', 'CC-1');
  for (const command of ['status', 'peers', 'sessions', 'doctor', 'history', 'receipts'])
    await round.run(command, '--json');
  await round.run('peers', '--url', `ws://localhost:${port}`, '--nonsense');
  const ps = execFileSync('ps', ['axww', '-o', 'args'], { encoding: 'utf8' });
  const environments = environmentsBelow([relay, session.started]);
  round.said.push(...(await relay.kill()).stdout, relay.stderr);
  await session.call('relay_send', { to: 'anna', message: 'kept until it is back' });
  await round.run('peers');
  round.said.push(session.started.stdout, session.started.stderr);
  return { ps, environments };
}

/** What the processes and their children have as environment. */
function environmentsBelow(started: readonly Started[]): string {
  const pids = started.flatMap(({ child: { pid = 0 } }) => [pid, ...childrenOf(pid)]);
  return pids.map((pid) => readFileSync(`/proc/${pid}/environ`, 'latin1')).join('\n');
}

function childrenOf(pid: number): number[] {
  const own = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  return own.flatMap((child) => [child, ...childrenOf(child)]);
}

/** Files and directories below, but for those that the test itself has made. */
function made({ user }: Machine): string[] {
  const names = readdirSync(user, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => !/^bin(\/|$)/.test(name)).map((name) => join(user, name));
}

const isFile = (path: string) => lstatSync(path).isFile();
const modeOf = (path: string) => (lstatSync(path).mode & 0o777).toString(8);

describe('T4: under a umask of 000', () => {
  it('nothing that is made can be reached by others, and the token is in its file only', async () => {
    const round = new Round();
    const { ps, environments } = await everything(round);
    const { machine: m, token } = round;
    const paths = made(m);
    for (const part of [
      'keys',
      'outbox/CC-1',
      'ledger',
      'run',
      'data/relay.sqlite',
      'sessions/registry.json',
      'resume',
      'installed.json',
    ])
      expect(paths).toContain(join(m.home, part));
    for (const part of ['copy.sqlite', 'export.jsonl', '.claude.json', '.codex/config.toml'])
      expect(paths).toContain(join(m.user, part));
    expect(
      paths.filter((path) => (lstatSync(path).mode & 0o077) !== 0).map((path) => `${modeOf(path)} ${path}`),
    ).toEqual([]);
    const files = paths.filter(isFile);
    expect(files.filter((path) => readFileSync(path, 'latin1').includes(token))).toEqual([join(m.home, 'token')]);
    expect(round.said.join('\n').length).toBeGreaterThan(1_000);
    for (const text of [...round.said, ps, environments]) expect(text).not.toContain(token);
    record('T4', {
      'files and directories': paths.length,
      loose: 0,
      'texts searched': files.length + round.said.length + 2,
      'token found': 0,
    });
  });
});

describe('T4: what is open to others', () => {
  const MODES = [0o604, 0o640, 0o644, 0o660, 0o666, 0o777];

  it.each([
    ['', [0o701, 0o710, 0o750, 0o755, 0o777]],
    ['data', [0o701, 0o710, 0o750, 0o755, 0o777]],
    ['token', MODES],
    ['data/relay.sqlite', MODES],
    ['data/relay.lock', MODES],
    ['relay.json', MODES],
  ])('refuses to start: <home>/%s', async (path, modes) => {
    const m = machine();
    const relay = await m.relay();
    // Killed, so that everything stays where it was.
    await relay.kill('SIGKILL');
    for (const mode of modes) {
      const place = join(m.home, path);
      const before = lstatSync(place).mode & 0o777;
      chmodSync(place, mode);
      const { code, stdout, stderr } = await m.run(['serve', '--port', '0']);
      expect([mode, code, stdout]).toEqual([mode, 78, '']);
      expect(stderr).toMatch(/is open to other users \(mode 0\d{3}\)\. chmod [67]00 /);
      chmodSync(place, before);
    }
    record('T4', { [`refused, <home>/${path}`]: modes.length });
  });

  it('is not read by a client either, and what is to be done is said', async () => {
    const m = machine();
    await m.relay();
    chmodSync(join(m.home, 'token'), 0o644);
    const { code, stdout, stderr } = await m.run(['peers']);
    expect([code, stdout]).toEqual([4, '']);
    expect(stderr).toMatch(/token is open to other users \(mode 0644\)\. chmod 600 /);
    expect(stderr).not.toContain(m.token);
  });
});
