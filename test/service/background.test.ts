/** Keeping a unit without launchd and systemd: the real command line keeps it, as a process of its own. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Background } from '../../src/service/background.ts';
import { installUnit, reachableSupervisor, supervisorOf, uninstallUnit } from '../../src/service/install.ts';
import { logsOf, type Unit } from '../../src/service/unit.ts';
import { isRunning } from '../../src/util/processes.ts';
import { CLI, type Machine, machine, until } from '../support/cli.ts';
import { FakeRunner } from '../support/command-line.ts';
import { unit } from './unit.ts';

let m: Machine;
let background: Background;
beforeEach(async () => {
  m = machine();
  await m.ok(['--version']);
  background = new Background({
    home: m.home,
    node: process.execPath,
    script: CLI,
    env: { ...m.env, SECRET: 'secret' },
  });
});
afterEach(() => background.unload('tunnel'));

/** A unit that runs this, with Node. */
function running(code: string, over: Partial<Unit> = {}): Unit {
  const delay = { first: 0.05, most: 0.2 };
  const command = [process.execPath, '-e', code] as const;
  return unit({ name: 'tunnel', command, logs: logsOf('tunnel', join(m.home, 'logs')), delay, final: [78], ...over });
}

const FOR_EVER = 'console.log("begun"); setInterval(() => {}, 1000)';
const pidOf = async () => (await background.status('tunnel')).pid;
const log = () => readFileSync(logsOf('tunnel', join(m.home, 'logs')).out, 'utf8');

describe('a background process', () => {
  it('runs the unit until it is removed, and leaves nothing of it', async () => {
    await installUnit(background, running(FOR_EVER), m.home);
    const status = await background.status('tunnel');
    expect(status).toMatchObject({ isInstalled: true, isRunning: true, state: 'running', pid: expect.any(Number) });
    expect(status.file).toBe(join(m.home, 'services/tunnel.json'));
    await until(log, (text) => text === 'begun\n');
    expect(await uninstallUnit(background, 'tunnel')).toBe(true);
    expect(isRunning({ pid: status.pid ?? 0 })).toBe(false);
    expect(existsSync(join(m.home, 'services'))).toBe(false);
    expect(await uninstallUnit(background, 'tunnel')).toBe(false);
  });

  it('starts again what was killed', async () => {
    await installUnit(background, running(FOR_EVER), m.home);
    const first = await pidOf();
    process.kill(first ?? 0, 'SIGKILL');
    expect(await until(pidOf, (pid) => pid !== undefined && pid !== first)).toEqual(expect.any(Number));
  });

  it('ends what a killed keeper has left, before it starts another', async () => {
    await installUnit(background, running(FOR_EVER), m.home);
    const first = (await pidOf()) ?? 0;
    const { pid } = JSON.parse(readFileSync(join(m.home, 'services/tunnel.run.json'), 'utf8'));
    process.kill(pid, 'SIGKILL');
    await until(
      () => isRunning({ pid }),
      (is) => !is,
    );
    expect([isRunning({ pid: first }), (await background.status('tunnel')).state]).toEqual([true, 'not loaded']);
    await installUnit(background, running(FOR_EVER), m.home);
    expect([isRunning({ pid: first }), await pidOf()]).toEqual([false, expect.any(Number)]);
  });

  it('does not start again what says that it would be in vain', async () => {
    await installUnit(background, running('console.log("begun"); process.exit(78)'), m.home);
    await until(
      () => background.status('tunnel'),
      ({ state }) => state === 'not loaded',
    );
    expect(log()).toBe('begun\n');
  });

  it('starts again what ends by itself, also when it ends well', async () => {
    await installUnit(background, running('console.log("begun")'), m.home);
    await until(log, (text) => text.split('\n').length > 3);
  });

  it('hands on the variables of the unit, and none of the session that it was started from', async () => {
    const says = running('console.log(JSON.stringify(process.env)); setInterval(() => {}, 1000)', {
      environment: { SSH_AUTH_SOCK: '/agent' },
    });
    await installUnit(background, says, m.home);
    const env = JSON.parse(await until(log, (text) => text.endsWith('\n')));
    expect(env).toMatchObject({ SSH_AUTH_SOCK: '/agent', HOME: m.user, CLAUDE_RELAY_HOME: m.home });
    expect(Object.keys(env)).not.toContain('SECRET');
  });

  it('that cannot be started is a sentence', async () => {
    const none = new Background({ home: m.home, node: '/nowhere/node', script: CLI, env: {} });
    await expect(installUnit(none, running(FOR_EVER), m.home)).rejects.toThrow('/nowhere/node cannot be started.');
  });

  it('keeps no unit that is not there', async () => {
    const { code, stderr } = await m.run(['keep', 'relay']);
    expect([code, stderr]).toEqual([1, expect.stringContaining('No relay is kept here.')]);
  });
});

describe('which supervisor', () => {
  const own = () => ({ platform: 'linux' as const, home: m.home, node: process.execPath, script: CLI });
  const input = (code: number) => ({
    run: new FakeRunner([['systemctl', { code }]]).run,
    env: {},
    userHome: m.user,
    uid: 0,
  });

  it('is systemd where that can be reached, else our own', async () => {
    expect((await reachableSupervisor(own(), input(0))).name).toBe('systemd');
    expect((await reachableSupervisor(own(), input(1))).name).toBe('background process');
  });

  it('is the one that has the unit', async () => {
    expect(supervisorOf('tunnel', own(), input(0)).name).toBe('systemd');
    await installUnit(background, running(FOR_EVER), m.home);
    expect(supervisorOf('tunnel', own(), input(0)).name).toBe('background process');
    expect(supervisorOf('relay', { ...own(), platform: 'freebsd' }, input(0)).name).toBe('background process');
  });
});

describe.runIf(process.platform === 'linux')('service start', () => {
  afterEach(() => m.run(['service', 'uninstall']));

  it('starts a relay, and finds the one that runs', async () => {
    const port = await freePort();
    const first = await m.json(['service', 'start', '--port', String(port)]);
    expect(first).toMatchObject({ port, home: m.home, started: 'background process' });
    expect(await m.ok(['service', 'start'])).toBe(`ws://localhost:${port} runs.\n`);
    expect(await m.ok(['service', 'status'])).toMatch(/^relay +running /m);
    expect(await m.ok(['service', 'uninstall'])).toContain('Removed: ');
    expect((await m.run(['status', '--relay-url', `ws://localhost:${port}`])).code).toBe(3);
  });

  it('says why the relay does not start, and keeps nothing that would try again', async () => {
    const other = machine();
    await other.relay();
    const { code, stderr } = await m.run(['service', 'start', '--port', String(other.port)]);
    expect([code, stderr]).toEqual([
      1,
      expect.stringContaining(`The relay did not start: Port ${other.port} is in use.`),
    ]);
    expect(existsSync(join(m.home, 'services'))).toBe(false);
  });

  it('passes over what a relay left that was killed', async () => {
    const relay = await m.relay();
    const { pid } = JSON.parse(readFileSync(join(m.home, 'relay.json'), 'utf8'));
    process.kill(pid, 'SIGKILL');
    await relay.ended;
    expect(await m.json(['service', 'start', '--port', String(m.port)])).toMatchObject({
      started: 'background process',
    });
  });
});

/** One that was just given up. */
async function freePort(): Promise<number> {
  const other = machine();
  await other.relay();
  const { port } = other;
  await other.end();
  return port;
}
