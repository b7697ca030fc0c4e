import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { checkNode, checkState, checkToken } from '../../../src/cli/checks/machine.ts';
import { checkRelay, checkVersion } from '../../../src/cli/checks/relay.ts';
import { checkServices } from '../../../src/cli/checks/services.ts';
import { statePaths } from '../../../src/config/paths.ts';
import { writeRelayFile } from '../../../src/config/relay-file.ts';
import { ensureToken } from '../../../src/config/token.ts';
import { Systemd } from '../../../src/service/systemd.ts';
import { VERSION } from '../../../src/util/version.ts';
import { commandLine, FakeRunner } from '../../support/command-line.ts';
import { tempDir } from '../../support/temp-dir.ts';

const STATUS = { unread: 0, rooms: [], here: 2, sessions: 5, epoch: 'e', position: 0, uptime: 1 };
const servers: Server[] = [];

/** Something on a port that answers every request so; its port. */
async function answering(
  status: number,
  body: unknown,
  seen: { authorization?: string | undefined } = {},
): Promise<number> {
  const server = createServer((request, response) => {
    seen.authorization = request.headers.authorization;
    request.resume();
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** A port that nobody listens on: one that was just given up. */
async function freePort(): Promise<number> {
  const port = await answering(200, {});
  await new Promise((resolve) => servers.pop()?.close(resolve));
  return port;
}

afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

const relayAt = (port: number, over: Partial<Parameters<typeof checkRelay>[0]> = {}) =>
  checkRelay({
    home: tempDir(),
    url: `ws://127.0.0.1:${port}`,
    token: undefined,
    version: '1.0.0',
    run: new FakeRunner().run,
    signal: new AbortController().signal,
    ...over,
  });

describe('node', () => {
  it.each([
    ['20.19.0', 'ok'],
    ['20.19.5', 'ok'],
    ['20.18.9', 'fail'],
    ['18.20.0', 'fail'],
    ['22.0.0', 'ok'],
    ['24.1.0', 'ok'],
    ['', 'fail'],
  ])('%s is %s', (version, state) => {
    expect(checkNode(version).state).toBe(state);
  });
});

describe('the state directory', () => {
  it('that is not there yet is no fault', () => {
    expect(checkState(join(tempDir(), 'none'))).toMatchObject([{ check: 'state', state: 'warn' }]);
  });

  it('that is yours alone is well', () => {
    const home = tempDir();
    ensureToken(home);
    mkdirSync(statePaths(home).logs, { mode: 0o700 });
    expect(checkState(home)).toEqual([{ check: 'state', state: 'ok', says: `${home} is yours alone.` }]);
  });

  it('that others can reach fails, with the command that mends it', () => {
    const home = tempDir();
    chmodSync(home, 0o755);
    expect(checkState(home)).toMatchObject([{ state: 'fail', todo: `chmod 700 ${home}` }]);
  });

  it('is looked at part by part', () => {
    const home = tempDir();
    ensureToken(home);
    chmodSync(join(home, 'token'), 0o644);
    for (const dir of ['data', 'keys', 'outbox', 'sessions', 'logs']) {
      mkdirSync(join(home, dir));
      chmodSync(join(home, dir), 0o711);
    }
    const findings = checkState(home);
    expect(findings.map(({ todo }) => todo)).toEqual([
      ...['data', 'keys', 'outbox', 'sessions', 'logs'].map((dir) => `chmod 700 ${join(home, dir)}`),
      `chmod 600 ${join(home, 'token')}`,
    ]);
  });
});

describe('the token', () => {
  it('is there, or is not yet, or is unsafe, or comes by variable', () => {
    const home = tempDir();
    expect(checkToken(home, undefined)).toMatchObject({
      state: 'warn',
      todo: expect.stringContaining('claude-relay serve'),
    });
    expect(checkToken(home, 'given').state).toBe('ok');
    const token = ensureToken(home);
    const found = checkToken(home, undefined);
    expect(found.state).toBe('ok');
    expect(JSON.stringify(found)).not.toContain(token);
    chmodSync(join(home, 'token'), 0o640);
    expect(checkToken(home, undefined)).toMatchObject({ state: 'fail', todo: `chmod 600 ${home}/token` });
    writeFileSync(join(home, 'token'), 'x');
    chmodSync(join(home, 'token'), 0o600);
    expect(checkToken(home, undefined)).toMatchObject({ state: 'fail' });
  });
});

describe('the relay', () => {
  it('that answers is well, and is asked with the token of the file', async () => {
    const home = tempDir();
    const token = ensureToken(home);
    const seen: { authorization?: string } = {};
    const port = await answering(200, { ...STATUS, version: '1.0.0' }, seen);
    expect(await relayAt(port, { home })).toEqual([
      { check: 'relay', state: 'ok', says: `ws://127.0.0.1:${port} answers; 2 of 5 sessions are here.` },
      { check: 'versions', state: 'ok', says: 'This command line and the relay are both 1.0.0.' },
    ]);
    expect(seen.authorization).toBe(`Bearer ${token}`);
  });

  it('is asked with the token of the variable first', async () => {
    const home = tempDir();
    ensureToken(home);
    const seen: { authorization?: string } = {};
    await relayAt(await answering(200, { ...STATUS, version: '1.0.0' }, seen), { home, token: 'given' });
    expect(seen.authorization).toBe('Bearer given');
  });

  it('of another version is a warning', () => {
    expect(checkVersion('1.0.0', '1.1.0')).toMatchObject({ check: 'versions', state: 'warn' });
  });

  it('that does not take the token fails, and the port is its own', async () => {
    const port = await answering(401, { error: { code: 'unauthorized', message: 'no', retry: false } });
    expect(await relayAt(port)).toMatchObject([
      { check: 'relay', state: 'fail', says: expect.stringContaining('does not take this token') },
      {
        check: 'port',
        state: 'ok',
        says: expect.stringMatching(`^Port ${port} is held by process ${process.pid} .*, which answers as a relay.$`),
      },
    ]);
  });

  it('that is not there fails; its port is free', async () => {
    const port = await freePort();
    expect(await relayAt(port)).toMatchObject([
      { check: 'relay', state: 'fail', says: expect.stringContaining('claude-relay serve') },
      { check: 'port', state: 'ok', says: `Port ${port} is free.` },
    ]);
  });

  it('whose port somebody else has fails, and it is said who', async () => {
    const port = await answering(404, 'hello');
    expect(await relayAt(port)).toMatchObject([
      { check: 'relay', state: 'fail' },
      {
        check: 'port',
        state: 'fail',
        says: expect.stringContaining(`Port ${port} is held by process ${process.pid} (`),
      },
    ]);
  });

  it('that died and left its file is told', async () => {
    const home = tempDir();
    const port = await freePort();
    writeRelayFile(home, { pid: 2 ** 31 - 1, port, url: `ws://localhost:${port}`, version: '1.0.0', started: 0 });
    expect(await relayAt(port, { home })).toMatchObject([
      { check: 'relay', state: 'fail' },
      { check: 'port', state: 'ok' },
      { check: 'relay', state: 'warn', says: expect.stringContaining('a relay that ended (pid 2147483647)') },
    ]);
  });

  it('on another machine has no port here', async () => {
    const findings = await relayAt(1, { url: 'ws://relay.invalid:9999' });
    expect(findings).toMatchObject([{ check: 'relay', state: 'fail' }]);
  });

  it('at no address at all fails', async () => {
    expect(await relayAt(1, { url: 'ftp://x' })).toMatchObject([{ check: 'relay', state: 'fail' }]);
  });
});

describe('the services', () => {
  function systemd(stdout: string, installed: readonly string[]) {
    const userHome = tempDir();
    const runner = new FakeRunner([['systemctl', { stdout }]]);
    const supervisor = new Systemd({ run: runner.run, env: {}, userHome, uid: 0 });
    mkdirSync(join(userHome, '.config/systemd/user'), { recursive: true });
    for (const unit of installed) writeFileSync(join(userHome, '.config/systemd/user', unit), '');
    return { supervisor, runner };
  }

  it('that were never installed are well, and nothing is asked', async () => {
    const { supervisor, runner } = systemd('', []);
    expect(await checkServices(() => supervisor)).toMatchObject([
      { check: 'service', state: 'ok' },
      { check: 'tunnel', state: 'ok' },
    ]);
    expect(runner.calls).toEqual([]);
  });

  it('that run are well, and those that do not are told with where to look', async () => {
    const both = ['claude-relay.service', 'claude-relay-tunnel.service'];
    const running = systemd('ActiveState=active\nSubState=running\nMainPID=7\n', both);
    expect(await checkServices(() => running.supervisor)).toMatchObject([
      { state: 'ok', says: 'The relay runs under systemd as process 7.' },
      { state: 'ok', says: 'The tunnel runs under systemd as process 7.' },
    ]);
    const failed = systemd('ActiveState=failed\nSubState=failed\nMainPID=0\nExecMainStatus=255\n', both);
    expect((await checkServices(() => failed.supervisor))[1]).toEqual({
      check: 'tunnel',
      state: 'fail',
      says: 'The tunnel is installed and does not run: failed (failed).',
      todo: 'See: claude-relay service logs tunnel',
    });
  });

  it('whose supervisor is out of reach fail with its remedy', async () => {
    const userHome = tempDir();
    const run = new FakeRunner([['systemctl', { code: 127 }]]).run;
    const supervisor = new Systemd({ run, env: {}, userHome, uid: 0 });
    mkdirSync(join(userHome, '.config/systemd/user'), { recursive: true });
    writeFileSync(supervisor.file('relay'), '');
    expect((await checkServices(() => supervisor))[0]).toMatchObject({ state: 'fail', todo: expect.any(String) });
  });
});

describe('claude-relay doctor', () => {
  it('says line by line that all is well, and exits with 0', async () => {
    const home = tempDir();
    ensureToken(home);
    const port = await answering(200, { ...STATUS, version: VERSION });
    const { code, out, err } = await commandLine(['doctor'], { home, env: { RELAY_URL: `ws://127.0.0.1:${port}` } });
    expect([code, err]).toEqual([0, '']);
    expect(out.split('\n').map((line) => line.split(/ +/).slice(0, 2))).toEqual([
      ['ok', 'node'],
      ['ok', 'state'],
      ['ok', 'token'],
      ['ok', 'relay'],
      ['ok', 'versions'],
      ['ok', 'service'],
      ['ok', 'tunnel'],
      [''],
    ]);
  });

  it('exits with 1 when something fails, and says what to do under it', async () => {
    const home = tempDir();
    ensureToken(home);
    chmodSync(join(home, 'token'), 0o644);
    const { code, out } = await commandLine(['doctor', '--relay-url', `ws://127.0.0.1:${await freePort()}`], { home });
    expect(code).toBe(1);
    expect(out).toMatch(
      new RegExp(
        `^fail +state +${home}/token is open to other users \\(mode 0644\\)\\.\\n +→ chmod 600 ${home}/token$`,
        'm',
      ),
    );
  });

  it('--json has it all, and the same exit code', async () => {
    const home = tempDir();
    const { code, out } = await commandLine(['doctor', '--json', '--relay-url', `ws://127.0.0.1:${await freePort()}`], {
      home,
    });
    const { ok, version, findings } = JSON.parse(out);
    expect([code, ok, version]).toEqual([1, false, VERSION]);
    expect(findings).toContainEqual(expect.objectContaining({ check: 'token', state: 'warn' }));
  });

  it('goes on when the settings are wrong, or the directory is open', async () => {
    const home = tempDir();
    chmodSync(home, 0o755);
    const { code, out } = await commandLine(['doctor'], {
      home,
      env: { RELAY_URL: `ws://127.0.0.1:${await freePort()}` },
    });
    expect(code).toBe(1);
    expect(out).toMatch(/^fail +settings /m);
    expect(out).toMatch(/^fail +relay /m);
    expect(out).toContain(`→ chmod 700 ${home}`);
    const wrong = await commandLine(['doctor'], {
      home: tempDir(),
      env: { RELAY_PORT: 'x', RELAY_URL: 'ws://127.0.0.1:1' },
    });
    expect(wrong.out).toMatch(/^fail +settings +RELAY_PORT must be/m);
  });

  it('stops where there is no state directory to speak of', async () => {
    const { code, out } = await commandLine(['doctor'], { home: 'relative' });
    expect(code).toBe(1);
    expect(out).toMatch(/^ok +node .*\nfail +settings +CLAUDE_RELAY_HOME must be an absolute path\.\n.*\n$/);
  });
});
