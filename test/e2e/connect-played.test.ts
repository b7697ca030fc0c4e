/** `connect` as it is typed, with a program called ssh in the PATH that leads to another state directory of this machine. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Machine, machine, until } from '../support/cli.ts';
import { FakeSsh, type SshSays } from '../support/fake-ssh.ts';
import { readHeld } from '../support/held.ts';
import { forwarder } from '../support/ssh-host.ts';

let here: Machine;
let there: Machine;
let ssh: FakeSsh;

beforeEach(async () => {
  here = machine();
  there = machine();
  ssh = new FakeSsh(here, there);
  // A port of its own, so that no test meets the relay of another.
  await there.relay();
});
afterEach(async () => {
  await here.run(['disconnect']);
});

/** What a failure may leave: nothing but what was there. */
const LEFT = ['token', 'device.json', 'config.json', 'connection.json', 'services', 'logs', 'connect.lock'];
const left = () => LEFT.filter((name) => existsSync(join(here.home, name)));

// launchd would be asked for real.
describe.runIf(process.platform === 'linux')('connect, with a played ssh', () => {
  it('lets an agent session here write to one there, and be answered', async () => {
    await here.ok(['connect', 'me@relay']);
    const [near, far] = [await here.session('CC-A'), await there.session('CC-B')];
    await Promise.all([near.connected(), far.connected()]);
    const asked = near.call('relay_send', { to: 'CC-B', message: 'Is the build green?', wait_reply_seconds: 30 });
    const question = await far.call('relay_receive', { wait_seconds: 30 });
    expect(question).toContain('Is the build green?');
    const [id = ''] = /\bm[0-9a-z]{12}\b/.exec(question) ?? [];
    await far.call('relay_send', { to: 'CC-A', message: 'Green since ten.', reply_to: id });
    expect(await asked).toContain('Green since ten.');
  });

  it('twice at the same time is the same as once', async () => {
    const both = await Promise.all([
      here.run(['connect', 'me@relay', '--json']),
      here.run(['connect', 'me@relay', '--json']),
    ]);
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    expect(both.map(({ stdout }) => JSON.parse(stdout).new).sort()).toEqual([false, true]);
    expect(ssh.calls.filter((args) => args.includes('-N'))).toHaveLength(1);
  });

  it('brings the relay’s token into no argument, no log and no file here', async () => {
    const ran = await here.run(['connect', 'me@relay']);
    expect(ran.code).toBe(0);
    const { token } = there;
    expect(JSON.stringify([ran, ssh.calls])).not.toContain(token);
    expect(readHeld(here.user, token)).toEqual([]);
    expect(existsSync(join(here.home, 'device.json'))).toBe(true);
  });

  it('keeps the forward: it comes back, also when what it said before was an error', async () => {
    await here.ok(['connect', 'me@relay']);
    ssh.say({ where: 'forward', stderr: 'ssh: connect to host relay port 22: Connection refused' });
    const pid = forwarder(here) ?? -1;
    process.kill(pid, 'SIGTERM');
    const told = await until(
      () => here.run(['doctor', '--json']),
      ({ stdout }) =>
        JSON.parse(stdout).findings.some(({ says }: { says: string }) => says.includes('Connection refused')),
    );
    expect(told.code).toBe(1);
    ssh.say();
    await until(
      () => here.run(['status']),
      ({ code }) => code === 0,
    );
    expect(forwarder(here)).not.toBe(pid);
    const again = JSON.parse(await here.ok(['connect', 'me@relay', '--json']));
    expect(again).toMatchObject({ new: false });
  });

  it.each<[SshSays, string]>([
    [{ where: 'shell', stderr: 'Host key verification failed.' }, 'The host key of me@relay is not known here.'],
    [
      { where: 'shell', stderr: 'me@relay: Permission denied (publickey).' },
      'me@relay does not let you in without a question.',
    ],
    [
      { where: 'shell', stderr: 'ssh: Could not resolve hostname relay: Name or service not known' },
      'There is no host relay.',
    ],
    [
      { where: 'shell', stderr: 'ssh: connect to host relay port 22: Connection refused' },
      'me@relay cannot be reached by SSH',
    ],
    [
      { where: 'forward', stderr: 'me@relay: Permission denied (publickey).' },
      'me@relay does not let you in without a question.',
    ],
    [
      { where: 'forward', stderr: 'bind [127.0.0.1]:9999: Address already in use' },
      'The port for the forward is taken on this machine.',
    ],
    [
      { where: 'forward', stays: true, stderr: 'channel 2: open failed: administratively prohibited: open failed' },
      'The SSH server of me@relay forbids forwards.',
    ],
    [
      { where: 'forward', stays: true, stderr: 'channel 2: open failed: connect failed: Connection refused' },
      'Nothing listens on the relay’s port on me@relay.',
    ],
  ])('%j: one sentence, and nothing is left', async (says, sentence) => {
    ssh.say(says);
    const { code, stdout, stderr } = await here.run(['connect', 'me@relay']);
    expect([code, stdout, left()]).toEqual([1, '', []]);
    const [message, remedy, ...rest] = stderr.slice(stderr.lastIndexOf('claude-relay: ')).split('\n');
    expect(message).toContain(sentence);
    expect([remedy, rest]).toEqual([expect.stringMatching(/^ {2}\S/), ['']]);
  });

  it('finds the same program at the same place, and says when what is in the PATH does not run', async () => {
    rmSync(join(there.user, 'bin', 'claude-relay'));
    const { code, stderr } = await here.run(['connect', 'me@relay', '--', '-p', '2222']);
    expect([code, stderr]).toEqual([0, expect.stringContaining('me@relay: claude-relay')]);
    writeFileSync(join(there.user, 'bin', 'claude-relay'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    await here.ok(['disconnect']);
    const broken = await here.run(['connect', 'me@relay', '--', '-p', '2222']);
    expect([broken.code, broken.stderr]).toEqual([
      1,
      expect.stringContaining(`does not run.\n  See: ssh -p2222 me@relay ${there.user}/bin/claude-relay --version`),
    ]);
  });

  it('ended by a signal in the middle leaves nothing', async () => {
    ssh.say({ where: 'forward', stays: true, stderr: 'debug1: nothing that we know' });
    const connecting = await here.start(['connect', 'me@relay'], { input: '' });
    await until(
      () => forwarder(here),
      (pid) => pid !== undefined,
    );
    const { code } = await connecting.kill('SIGINT');
    expect([code, left()]).toEqual([130, []]);
  });

  it('disconnect takes out the service even where the other machine is gone', async () => {
    await here.ok(['connect', 'me@relay']);
    ssh.say({ where: 'shell', stderr: 'ssh: connect to host relay port 22: No route to host' });
    await there.end();
    const { code, stdout, stderr } = await here.run(['disconnect']);
    expect([code, stdout, left()]).toEqual([0, 'Disconnected from me@relay.\n', []]);
    expect(stderr).toContain(
      'could not be told that this machine’s key is worth nothing any more; there: claude-relay revoke d',
    );
    expect(readFileSync(join(here.user, 'ssh-calls'), 'utf8').trim().split('\n')).toHaveLength(ssh.calls.length);
  });
});
