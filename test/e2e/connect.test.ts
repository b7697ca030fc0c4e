/** `connect` over a real sshd, between two networks. As root on Linux; elsewhere `test/cli/connect` has it with a pretended ssh. */
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ensure } from '../../scripts/ensure.mjs';
import { isRunning } from '../../src/util/processes.ts';
import { until } from '../support/cli.ts';
import { forwarder, SshMachines } from '../support/ssh-host.ts';
import { HAS_NETWORKS } from '../support/two-machines.ts';

/** Everything below a directory, with modes and texts. */
function tree(dir: string): Record<string, string> {
  const names = readdirSync(dir, { recursive: true, encoding: 'utf8' }).sort();
  return Object.fromEntries(
    names.map((name) => {
      const path = join(dir, name);
      const stats = statSync(path);
      return [name, `${stats.mode.toString(8)} ${stats.isFile() ? readFileSync(path, 'utf8') : ''}`];
    }),
  );
}

const CONFIG = '{ "wakes":5,\n\t"keep" : "90d"}';

describe.runIf(HAS_NETWORKS)('connect, over a real sshd', () => {
  it('goes from nothing to a message answered within ten seconds, twice is once, and disconnect leaves nothing', {
    timeout: 120_000,
  }, async () => {
    ensure();
    const two = new SshMachines();
    await two.serve();
    writeFileSync(join(two.here.home, 'config.json'), CONFIG);
    chmodSync(join(two.here.home, 'config.json'), 0o644);
    const before = tree(two.here.home);

    const begun = performance.now();
    const { code, stdout, stderr } = await two.run(['connect', '--json', ...two.way]);
    expect([code, stderr]).toEqual([0, expect.stringContaining('its relay was started (background process)')]);
    expect(JSON.parse(stdout)).toMatchObject({ host: two.target, url: 'ws://127.0.0.1:9999', new: true });
    await two.begin(['receive', '--as', 'CC-B']).ended;
    const asked = two.run(['send', 'CC-B', '--as', 'CC-A', '--wait', '20', 'Is the build green?']);
    const question = await two.begin(['receive', '--as', 'CC-B', '--wait', '20']).ended;
    expect(question.stdout).toContain('Is the build green?');
    const id = /\bm[0-9a-z]{12}\b/.exec(question.stdout)?.[0] ?? '';
    await two.begin(['send', 'CC-A', '--as', 'CC-B', '--reply-to', id, 'Green since ten.']).ended;
    expect((await asked).stdout).toContain('Green since ten.');
    const seconds = (performance.now() - begun) / 1000;
    process.stdout.write(`connect: from nothing to a message answered in ${seconds.toFixed(1)} s\n`);
    expect(seconds).toBeLessThan(10);

    const connected = tree(two.here.home);
    const again = await two.run(['connect', '--json', ...two.way]);
    expect(JSON.parse(again.stdout)).toMatchObject({ new: false });
    expect(tree(two.here.home)).toEqual(connected);
    const doctor = JSON.parse((await two.run(['doctor', '--json'])).stdout);
    expect(doctor.findings).toContainEqual(expect.objectContaining({ check: 'connection', state: 'ok' }));

    const { token } = two.there;
    expect(Object.entries(tree(two.here.home)).filter(([, text]) => text.includes(token))).toEqual([]);
    expect(tree(two.here.home)['device.json']).toMatch(/^100600 /);
    const devices = async () => JSON.parse((await two.begin(['devices', '--json']).ended).stdout).devices;
    expect(await devices()).toMatchObject([{ person: 'anna', kind: 'key', id: JSON.parse(stdout).device }]);

    const pid = forwarder(two.here) ?? -1;
    const gone = await two.run(['disconnect', two.target]);
    expect([gone.code, gone.stdout]).toEqual([0, `Disconnected from ${two.target}.\n`]);
    expect(tree(two.here.home)).toEqual(before);
    expect(isRunning({ pid })).toBe(false);
    expect(await devices()).toMatchObject([{ state: 'revoked' }]);
    expect((await two.run(['disconnect'])).stdout).toBe('This machine is not connected to another.\n');
  });

  it('takes another port where the usual one is taken, and the relay answers to that', {
    timeout: 120_000,
  }, async () => {
    ensure();
    const two = new SshMachines();
    await two.serve();
    const listening = "require('net').createServer().listen(9999, '127.0.0.1', () => console.log('taken'))";
    const holder = two.program('here', process.execPath, ['-e', listening]);
    await holder.says(/taken/);
    const { code, stdout } = await two.run(['connect', '--json', ...two.way]);
    expect([code, JSON.parse(stdout)]).toEqual([
      0,
      expect.objectContaining({ url: 'ws://127.0.0.1:9998', remote_port: 9999 }),
    ]);
    const { target } = two;
    const wanted = await two.run(['connect', '--port', '9999', ...two.way]);
    expect([wanted.code, wanted.stderr]).toEqual([
      1,
      expect.stringContaining(`Port 9999 is taken on this machine by process ${holder.child.pid} (`),
    ]);
    const doctor = JSON.parse((await two.run(['doctor', '--json'])).stdout);
    const says = expect.stringContaining(`The relay on ${target} answers through the forward in `);
    expect(doctor.findings).toContainEqual({ check: 'connection', state: 'ok', says });
  });

  it('a forward that is killed comes back by itself', { timeout: 120_000 }, async () => {
    ensure();
    const two = new SshMachines();
    await two.serve();
    expect((await two.run(['connect', ...two.way])).code).toBe(0);
    const pid = forwarder(two.here) ?? -1;
    process.kill(pid, 'SIGKILL');
    await until(
      () => forwarder(two.here),
      (now) => now !== undefined && now !== pid,
    );
    const { code, stderr } = await until(
      () => two.run(['status']),
      (ran) => ran.code === 0,
    );
    expect([code, stderr]).toEqual([0, '']);
  });

  it('says what is in the way, and leaves nothing', { timeout: 120_000 }, async () => {
    ensure();
    const two = new SshMachines();
    const refused = async (sentence: string) => {
      const before = tree(two.here.home);
      const { code, stdout, stderr } = await two.run(['connect', ...two.way]);
      expect([code, stdout, stderr.split('claude-relay: ').at(-1)]).toEqual([1, '', expect.stringContaining(sentence)]);
      expect(tree(two.here.home)).toEqual(before);
    };
    await refused(`${two.target} cannot be reached by SSH`);
    const sshd = await two.serve(['AllowTcpForwarding no']);
    two.trust(false);
    await refused(`The host key of ${two.target} is not known here.`);
    two.trust();
    two.writeConfig('stranger');
    await refused(`${two.target} does not let you in without a question.`);
    two.writeConfig('id');
    await refused(`The SSH server of ${two.target} forbids forwards.`);
    await sshd.end();
  });
});
