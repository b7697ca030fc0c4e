/** `connect` and `disconnect` with an ssh that a test plays: what they find there, change here, and say. */
import { chmodSync, existsSync, lstatSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectTo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { askPeople } from '../../../src/client/admin.ts';
import { type Device, readDevice } from '../../../src/config/device.ts';
import { statePaths } from '../../../src/config/paths.ts';
import { writeRelayFile } from '../../../src/config/relay-file.ts';
import type { Ran, Runner } from '../../../src/util/run.ts';
import { newKey, pemOf } from '../../../src/util/signing.ts';
import { commandLine, type LineOptions } from '../../support/command-line.ts';
import { keptPort } from '../../support/kept-port.ts';
import { type LiveRelay, liveRelay } from '../../support/live-relay.ts';
import { tempDir } from '../../support/temp-dir.ts';

const FOUND =
  'claude-relay path /bin\nclaude-relay node v20.19.0\nclaude-relay program /bin/claude-relay\nclaude-relay version 0.1.0\n';
const UNIT = 'user/.config/systemd/user/claude-relay-tunnel.service';

/** The other machine, its sshd, and the systemd of this one. */
class Far {
  readonly relay: LiveRelay;
  readonly home = tempDir();
  readonly bin = tempDir();
  /** What ssh and systemctl were called with. */
  readonly calls: string[] = [];
  /** The invitations that were asked for. */
  readonly lines: string[] = [];
  /** By what the script holds: another answer than that of a machine where all is well. */
  readonly answers: [holds: string, answer: Partial<Ran>][] = [];
  /** What the forward says instead of working. */
  forwardSays: string | undefined;
  #forward: Server | undefined;

  constructor(relay: LiveRelay) {
    this.relay = relay;
    writeFileSync(join(this.bin, 'ssh'), '#!/bin/sh\n');
    chmodSync(join(this.bin, 'ssh'), 0o755);
  }

  readonly run: Runner = async (program, args, input = '') => {
    this.calls.push([program, ...args].join(' '));
    const ran = program === 'ssh' ? await this.#ssh(input) : await this.#systemctl(args);
    return { code: 0, stdout: '', stderr: '', ...ran };
  };

  async #ssh(input: string): Promise<Partial<Ran>> {
    const other = this.answers.find(([holds]) => input.includes(holds));
    if (other !== undefined) return other[1];
    if (input.includes('fact path')) return { stdout: FOUND };
    const { url, port, home, token } = this.relay;
    if (input.includes(' invite ')) {
      const [, near = ''] = /--address (\S+)/.exec(input.replaceAll("'", '')) ?? [];
      const invitation = await askPeople('invite', { mine: true, addresses: [near] }, { url, token });
      this.lines.push(invitation.line);
      return { stdout: `${JSON.stringify(invitation)}\n` };
    }
    return { stdout: `${JSON.stringify({ url, port, home, version: '0.1.0' })}\n` };
  }

  async #systemctl(args: readonly string[]): Promise<Partial<Ran>> {
    if (args.includes('restart')) await this.#open();
    if (args.includes('--now')) await this.close();
    const isLoaded = this.#forward !== undefined;
    return { stdout: isLoaded ? 'LoadState=loaded\nActiveState=active\n' : 'LoadState=not-found\n' };
  }

  /** As the unit's file says. */
  async #open(): Promise<void> {
    await this.close();
    if (this.forwardSays !== undefined)
      return writeFileSync(join(statePaths(this.home).logs, 'tunnel-error.log'), `${this.forwardSays}\n`);
    const [, port, to] = /-L 127\.0\.0\.1:(\d+):127\.0\.0\.1:(\d+) /.exec(this.unit ?? '') ?? [];
    this.#forward = createServer((near) => {
      const far = connectTo({ port: Number(to), host: '127.0.0.1' });
      near.pipe(far).pipe(near);
      for (const socket of [near, far]) socket.on('error', () => [near, far].forEach((each) => void each.destroy()));
    });
    await new Promise<void>((resolve) => this.#forward?.listen(Number(port), '127.0.0.1', resolve));
  }

  async close(): Promise<void> {
    const forward = this.#forward;
    this.#forward = undefined;
    if (forward !== undefined) await new Promise((resolve) => forward.close(resolve));
  }

  get unit(): string | undefined {
    const file = join(this.home, UNIT);
    return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  }

  get device(): Device | undefined {
    return readDevice(this.home);
  }

  /** By the relay: those that may come in. */
  async devices(): Promise<readonly string[]> {
    const { devices } = await askPeople('devices', {}, { url: this.relay.url, token: this.relay.token });
    return devices.filter(({ state }) => state !== 'revoked').map(({ id }) => id);
  }

  get config(): string | undefined {
    const { config } = statePaths(this.home);
    return existsSync(config) ? readFileSync(config, 'utf8') : undefined;
  }

  line(argv: readonly string[], options: Partial<LineOptions> = {}) {
    return commandLine(argv, { home: this.home, run: this.run, ...options, env: { PATH: this.bin, ...options.env } });
  }

  connect(...argv: readonly string[]) {
    return this.line(['connect', 'me@relay', ...argv]);
  }
}

const JOINED = { id: 'd0', person: 'bert', url: 'wss://elsewhere:9999', relay: 'f', key: pemOf(newKey()) };

let far: Far;
/** A line of that relay that is worth nothing. */
let spent: string;
beforeEach(async () => {
  far = new Far(await liveRelay());
  const { url, token } = far.relay;
  const { id, line } = await askPeople('invite', {}, { url, token });
  await askPeople('revoke', { what: id }, { url, token });
  spent = line;
});
afterEach(async () => {
  await far.close();
  await far.relay.stop();
});

describe('connect', () => {
  it('forwards, makes a device of this machine, points the state directory there, and proves it', async () => {
    const { code, out, err } = await far.connect();
    expect([code, out]).toEqual([
      0,
      expect.stringMatching(/^Connected to the relay on me@relay: a message was answered in \d+ ms\.\n$/),
    ]);
    const [program, relay, forward] = err.split('\n');
    expect([program, relay]).toEqual(['me@relay: claude-relay 0.1.0', 'me@relay: its relay runs']);
    expect(forward).toMatch(/^forward: ws:\/\/127\.0\.0\.1:\d+ \(systemd\)$/);
    const url = JSON.parse(far.config ?? '').relayUrl;
    expect(url).toMatch(/^ws:\/\/127\.0\.0\.1:\d+$/);
    expect(far.device).toMatchObject({ url, id: (await far.devices())[0] });
    expect(lstatSync(statePaths(far.home).device).mode & 0o777).toBe(0o600);
    expect(existsSync(statePaths(far.home).token)).toBe(false);
    expect(far.unit).toContain(`-L 127.0.0.1:${new URL(url).port}:127.0.0.1:${far.relay.port} `);
    const status = await far.line(['status', '--json']);
    expect(JSON.parse(status.out)).toMatchObject({ relay: url });
  });

  it('calls ssh so that it asks nothing, and never with a secret', async () => {
    await far.connect('--', '-p', '2222', '-i', 'id');
    const ssh = far.calls.filter((call) => call.startsWith('ssh '));
    expect(new Set(ssh)).toEqual(
      new Set(['ssh -T -o BatchMode=yes -o ConnectTimeout=10 -p2222 -i/work/here/id -- me@relay sh']),
    );
    expect(ssh).toHaveLength(3);
    expect(far.unit).toContain('-o BatchMode=yes -p2222 -i/work/here/id -- me@relay\n');
    const [secret = '', ...more] = far.lines.map((line) => line.slice(-22));
    expect([secret.length, more]).toEqual([22, []]);
    const { out, err } = await far.line(['doctor']);
    const record = readFileSync(statePaths(far.home).connection, 'utf8');
    for (const text of [...far.calls, far.unit, far.config, record, out, err]) {
      expect(text).not.toContain(far.relay.token);
      expect(text).not.toContain(secret);
    }
  });

  it('twice is the same as once', async () => {
    await far.connect();
    const [unit, config, record] = [far.unit, far.config, readFileSync(statePaths(far.home).connection, 'utf8')];
    far.calls.length = 0;
    const { code, out } = await far.connect('--json');
    expect([code, JSON.parse(out)]).toEqual([
      0,
      expect.objectContaining({ host: 'me@relay', service: 'systemd', new: false }),
    ]);
    expect([far.unit, far.config, readFileSync(statePaths(far.home).connection, 'utf8')]).toEqual([
      unit,
      config,
      record,
    ]);
    expect(far.calls.filter((call) => call.includes('restart'))).toEqual([]);
    expect([far.lines.length, await far.devices()]).toEqual([1, [far.device?.id]]);
  });

  it('a device that was revoked there is said to be, by every command, and connect takes another invitation', async () => {
    await far.connect();
    const first = far.device?.id ?? '';
    await askPeople('revoke', { what: first }, { url: far.relay.url, token: far.relay.token });
    const status = await far.line(['status']);
    expect([status.code, status.err]).toEqual([
      4,
      expect.stringMatching(/knows this machine no more: its device d\w+ was revoked there; .*connect user@host/),
    ]);
    const { code, out, err } = await far.connect();
    expect([code, out]).toEqual([0, expect.stringContaining('Still connected')]);
    expect(err).toContain('me@relay: its relay knows this machine no more; a new invitation is taken\n');
    expect(far.device?.id).not.toBe(first);
    expect(await far.devices()).toEqual([far.device?.id]);
  });

  it('lets this machine do what the relay’s owner may', async () => {
    await far.connect();
    const done = async (...argv: readonly string[]) => [argv[0], (await far.line(argv)).code];
    for (const argv of [
      ['people'],
      ['devices'],
      ['invite', '--name', 'bert'],
      ['devices', 'add', 'ci'],
      ['revoke', 'ci'],
      ['verify'],
      ['prune', '--older-than', '1d', '--dry-run'],
      ['export'],
      ['backup', join(far.home, 'copy.sqlite')],
      ['pause'],
      ['unpause'],
      ['held'],
      ['rotate', 'device-key'],
      ['rotate', 'token'],
    ])
      expect(await done(...argv)).toEqual([argv[0], 0]);
  });

  it('what belongs to the relay’s own machine is not done here', async () => {
    await far.connect();
    const { code, err } = await far.line(['rotate', 'relay-key']);
    expect([code, err]).toEqual([1, expect.stringContaining('is on its own machine.\n  Do it there.')]);
    await far.close();
    // Without a relay to ask, nothing of this machine's own is changed or copied in its place.
    expect((await far.line(['rotate', 'token'])).code).toBe(3);
    expect((await far.line(['backup', join(far.home, 'copy.sqlite')])).code).toBe(3);
    for (const name of ['token', 'relay-key.pem', 'copy.sqlite']) expect(existsSync(join(far.home, name))).toBe(false);
  });

  it('mends what has gone since', async () => {
    await far.connect();
    const [unit, config] = [far.unit, far.config];
    await far.close();
    for (const path of [statePaths(far.home).config, join(far.home, UNIT)]) writeFileSync(path, '{}', { mode: 0o600 });
    rmSync(statePaths(far.home).device);
    const { code, out } = await far.connect();
    expect([code, out]).toEqual([0, expect.stringContaining('Connected')]);
    expect([far.unit, JSON.parse(far.config ?? ''), [far.device?.id]]).toEqual([
      unit,
      JSON.parse(config ?? ''),
      await far.devices(),
    ]);
  });

  it('takes another port when the usual one is taken, and says who has the one that is wanted', async () => {
    const wanted = await far.connect('--port', String(far.relay.port));
    expect([wanted.code, wanted.err]).toEqual([
      1,
      expect.stringContaining(`Port ${far.relay.port} is taken on this machine by process ${process.pid} (`),
    ]);
    expect((await far.connect()).code).toBe(0);
    expect(JSON.parse(far.config ?? '').relayUrl).not.toBe(`ws://127.0.0.1:${far.relay.port}`);
  });

  it('beside a relay of its own leaves the usual port to that: keys of names are kept by port', async () => {
    writeFileSync(join(far.home, 'data'), '');
    await far.connect();
    expect(JSON.parse(far.config ?? '').relayUrl).not.toContain(':9999');
  });

  it('--dry-run looks, says what would be done, and changes nothing', async () => {
    const { code, out } = await far.connect('--dry-run');
    expect([code, out]).toEqual([
      0,
      expect.stringMatching(
        /^there .*\/bin\/claude-relay, version 0\.1\.0.*\nforward .* -N -L .*\ndevice .*invitation.*\nsettings .*relayUrl.*\n$/,
      ),
    ]);
    expect([far.unit, far.config, far.device, await far.devices()]).toEqual([undefined, undefined, undefined, []]);
    expect(existsSync(statePaths(far.home).connection)).toBe(false);
    expect(far.calls.filter((call) => call.startsWith('systemctl'))).toEqual([]);
    expect(JSON.parse((await far.connect('--dry-run', '--json')).out)).toMatchObject({
      dry_run: true,
      remote: { version: '0.1.0' },
    });
  });

  it('hands on what the user of the other machine must know', async () => {
    const { url, port, home } = far.relay;
    const answer = { url, port, home, version: '0.1.0', started: 'systemd', hint: 'It ends when you log out.' };
    far.answers.push(['service start', { stdout: JSON.stringify(answer) }]);
    const { err } = await far.connect();
    expect(err).toContain('me@relay: its relay was started (systemd)\nme@relay: It ends when you log out.\n');
  });

  it.each([
    ['RELAY_URL', 'ws://x'],
    ['RELAY_TOKEN', 'x'.repeat(43)],
  ])('says that %s outranks it', async (variable, value) => {
    const { code, err } = await far.line(['connect', 'me@relay'], { env: { PATH: far.bin, [variable]: value } });
    expect([code, err]).toEqual([0, expect.stringContaining(`${variable} is set`)]);
  });
});

describe('what is in the way of connect', () => {
  it.each<[string, () => void, string]>([
    ['no ssh', () => chmodSync(join(far.bin, 'ssh'), 0o644), 'There is no ssh in your PATH.'],
    [
      'a host key',
      () => far.answers.push(['fact', { code: 255, stderr: 'Host key verification failed.' }]),
      'is not known here.',
    ],
    [
      'no key',
      () => far.answers.push(['fact', { code: 255, stderr: 'Permission denied (publickey).' }]),
      'does not let you in',
    ],
    [
      'no Node',
      () => far.answers.push(['fact', { stdout: 'claude-relay path /bin\n' }]),
      'There is no Node on me@relay.',
    ],
    ['too old', () => far.answers.push(['service start', { code: 2 }]), 'is too old for this one'],
    [
      'no relay',
      () => far.answers.push(['service start', { code: 1, stderr: 'claude-relay: The relay did not start: disk.\n' }]),
      'On me@relay: The relay did not start: disk.',
    ],
    [
      'a relay of somebody else',
      () => far.answers.push([' invite ', { code: 4, stderr: 'claude-relay: Only who administers this relay.\n' }]),
      'On me@relay: Only who administers this relay.',
    ],
    ['no invitation', () => far.answers.push([' invite ', { stdout: 'x\n' }]), 'me@relay made no invitation.'],
    [
      'an invitation that is over',
      () => far.answers.push([' invite ', { stdout: JSON.stringify({ line: spent }) }]),
      'ask for a new one',
    ],
    [
      'no forwards',
      () => {
        far.forwardSays = 'channel 2: open failed: administratively prohibited: open failed';
      },
      'forbids forwards.',
    ],
    [
      'the port',
      () => {
        far.forwardSays = 'bind [127.0.0.1]:9999: Address already in use';
      },
      'The port for the forward is taken on this machine.',
    ],
  ])('%s: one sentence with the remedy, and nothing is left', async (_what, prepare, sentence) => {
    const config = '{ "keep": "90d" }';
    writeFileSync(statePaths(far.home).config, config);
    prepare();
    const { code, out, err } = await far.connect();
    expect([out, err]).toEqual(['', expect.stringContaining(sentence)]);
    expect([1, 4]).toContain(code);
    expect([far.unit, far.config, far.device, await far.devices()]).toEqual([undefined, config, undefined, []]);
    expect(['connection.json', 'logs', 'connect.lock'].filter((name) => existsSync(join(far.home, name)))).toEqual([]);
  });

  it('a later failure leaves what there is', async () => {
    await far.connect();
    const [unit, config, device] = [far.unit, far.config, far.device];
    far.answers.push(['fact', { code: 255, stderr: 'Connection refused' }]);
    expect((await far.connect()).code).toBe(1);
    expect([far.unit, far.config, far.device, await far.devices()]).toEqual([unit, config, device, [device?.id]]);
  });

  it('another connection', async () => {
    await far.connect();
    const other = await far.line(['connect', 'me@other']);
    expect([other.code, other.err]).toEqual([
      1,
      'claude-relay: This machine is connected to me@relay.\n  Undo that first: claude-relay disconnect\n',
    ]);
    const way = await far.connect('--', '-p', '22');
    expect([way.code, way.err]).toEqual([1, expect.stringContaining('by other options.')]);
  });

  it('a relay of this machine', async () => {
    const own = await liveRelay({ home: far.home });
    const { code, err } = await far.connect();
    await own.end();
    expect([code, err]).toEqual([1, expect.stringContaining(`A relay of this machine runs at ${own.url}`)]);
    expect(far.calls).toEqual([]);
    writeRelayFile(far.home, { pid: process.pid, port: own.port, url: own.url, version: '1', started: 1 });
    expect((await far.connect()).code, 'one that answers no more is none').toBe(0);
  });

  it('a tunnel that somebody installed', async () => {
    await far.line(['service', 'install', 'tunnel', 'me@elsewhere', '--port', String(await keptPort())]);
    await far.close();
    const { code, err } = await far.connect();
    expect([code, err]).toEqual([1, expect.stringContaining('A tunnel is installed already')]);
    expect(far.unit).toContain('me@elsewhere');
  });

  it.each([
    [['connect'], 'Missing required argument'],
    [['connect', '--', '-oProxyCommand=x'], 'is not a user@host'],
    [['connect', 'me@relay', '--', '-N'], 'is no option for the way'],
    [['connect', 'me@relay', '--port', '70000'], '--port must be a number from 1 to 65535'],
  ])('%j is refused', async (argv, sentence) => {
    const { code, err } = await far.line(argv);
    expect([code, err]).toEqual([2, expect.stringContaining(sentence)]);
    expect(far.unit).toBeUndefined();
  });
});

describe('disconnect', () => {
  it.each([undefined, '{"wakes":3 ,\n\n  "relayUrl": "ws://elsewhere"}\n', '{}'])(
    'gives back every byte of %j',
    async (text) => {
      const { config } = statePaths(far.home);
      if (text !== undefined) {
        writeFileSync(config, text);
        chmodSync(config, 0o644);
      }
      await far.connect();
      expect(JSON.parse(far.config ?? '').relayUrl).toMatch(/^ws:\/\/127/);
      const { code, out, err } = await far.line(['disconnect']);
      expect([code, out]).toEqual([0, 'Disconnected from me@relay.\n']);
      expect(err).toContain('The relay on me@relay goes on');
      expect([far.config, far.unit, far.device, await far.devices()]).toEqual([text, undefined, undefined, []]);
      if (text !== undefined) expect(lstatSync(config).mode & 0o777).toBe(0o644);
      expect(['connection.json', 'logs', 'connect.lock'].filter((name) => existsSync(join(far.home, name)))).toEqual(
        [],
      );
    },
  );

  it('takes out only what is ours, of what somebody has changed meanwhile', async () => {
    writeFileSync(statePaths(far.home).config, '{ "relayUrl": "ws://before" }');
    await far.connect();
    writeFileSync(statePaths(far.home).config, (far.config ?? '').replace('{', '{ "keep": "1d",'));
    await far.line(['disconnect']);
    expect(far.config).toBe('{ "keep": "1d", "relayUrl": "ws://before" }');
  });

  it('leaves an address that somebody has put in the place of ours', async () => {
    await far.connect();
    writeFileSync(statePaths(far.home).config, '{ "relayUrl": "ws://mine" }');
    await far.line(['disconnect']);
    expect(far.config).toBe('{ "relayUrl": "ws://mine" }');
  });

  it('gives back what was joined before by a line, and does not touch the token of a relay of this machine', async () => {
    const [own, before] = [`${'z'.repeat(43)}\n`, `${JSON.stringify(JOINED, undefined, 2)}\n`];
    writeFileSync(statePaths(far.home).token, own, { mode: 0o600 });
    writeFileSync(statePaths(far.home).device, before, { mode: 0o600 });
    await far.connect();
    expect(readFileSync(statePaths(far.home).token, 'utf8')).toBe(own);
    const joining = await far.line(['join', far.lines[0] ?? '']);
    expect(joining.err).toContain('Leave that one first: claude-relay disconnect');
    await far.line(['disconnect']);
    expect(readFileSync(statePaths(far.home).token, 'utf8')).toBe(own);
    expect(readFileSync(statePaths(far.home).device, 'utf8')).toBe(before);
    expect(await far.devices()).toEqual([]);
  });

  it('says when the relay could not be told, and how to do it there', async () => {
    await far.connect();
    const { id } = far.device ?? {};
    await far.close();
    const { code, out, err } = await far.line(['disconnect']);
    expect([code, out]).toEqual([0, 'Disconnected from me@relay.\n']);
    expect(err).toContain(`The relay on me@relay could not be told that this machine’s key is worth nothing any more`);
    expect(err).toContain(`there: claude-relay revoke ${id}`);
    expect([far.device, await far.devices()]).toEqual([undefined, [id]]);
    await far.connect();
    await far.close();
    expect(JSON.parse((await far.line(['disconnect', '--json'])).out)).toMatchObject({ revoked: false });
  });

  it('of nothing is no error; from another host it is one', async () => {
    expect(await far.line(['disconnect'])).toMatchObject({
      code: 0,
      out: 'This machine is not connected to another.\n',
    });
    expect(JSON.parse((await far.line(['disconnect', '--json'])).out)).toEqual({ disconnected: false });
    await far.connect();
    const { code, err } = await far.line(['disconnect', 'me@other']);
    expect([code, err]).toEqual([2, 'claude-relay: This machine is connected to me@relay, not to me@other.\n']);
    expect(JSON.parse((await far.line(['disconnect', 'me@relay', '--json'])).out)).toEqual({
      disconnected: true,
      host: 'me@relay',
      revoked: true,
    });
  });

  it('says that a damaged record is one', async () => {
    writeFileSync(statePaths(far.home).connection, '{}', { mode: 0o600 });
    const { code, err } = await far.line(['disconnect']);
    expect([code, err]).toEqual([1, expect.stringContaining('connection.json is damaged.')]);
  });
});

describe('doctor', () => {
  const connection = async () => {
    const { out } = await far.line(['doctor', '--json']);
    return JSON.parse(out).findings.filter(({ check }: { check: string }) => check === 'connection');
  };

  it('says how fast the relay answers through the forward; nothing without a connection', async () => {
    expect(await connection()).toEqual([]);
    await far.connect();
    expect(await connection()).toEqual([
      {
        check: 'connection',
        state: 'ok',
        says: expect.stringMatching(/^The relay on me@relay answers through the forward in \d+ ms\.$/),
      },
    ]);
  });

  it('judges what is really shown: the key of this device, or RELAY_TOKEN', async () => {
    await far.connect();
    const all = JSON.parse((await far.line(['doctor', '--json'])).out).findings;
    expect(all).toContainEqual(expect.objectContaining({ check: 'device', state: 'ok' }));
    expect(all).toContainEqual(expect.objectContaining({ check: 'relay', state: 'ok' }));
    const wrong = await far.line(['doctor', '--json'], { env: { RELAY_TOKEN: 'x'.repeat(43) } });
    expect(JSON.parse(wrong.out).findings).toContainEqual(
      expect.objectContaining({ check: 'connection', state: 'fail' }),
    );
  });

  // Not with the wrong token above: after five wrong tries in a minute the relay says that, and not why.
  it('says that this device was revoked there, whatever token of its own this machine has', async () => {
    await far.connect();
    // It lets nobody in there.
    writeFileSync(statePaths(far.home).token, `${'z'.repeat(43)}\n`, { mode: 0o600 });
    expect(await connection()).toMatchObject([{ state: 'ok' }]);
    await askPeople('revoke', { what: far.device?.id ?? '' }, { url: far.relay.url, token: far.relay.token });
    expect(await connection()).toMatchObject([
      {
        state: 'fail',
        says: expect.stringContaining('knows this machine no more'),
        todo: 'Connect again: claude-relay connect me@relay',
      },
    ]);
  });

  it('says what is in the way, in what ssh said or in what it saw', async () => {
    await far.connect();
    await far.close();
    expect(await connection()).toMatchObject([
      {
        state: 'fail',
        says: expect.stringContaining('does not answer through the forward'),
        todo: expect.stringContaining('claude-relay connect me@relay'),
      },
    ]);
    writeFileSync(join(statePaths(far.home).logs, 'tunnel-error.log'), 'me@relay: Permission denied (publickey).\n');
    expect(await connection()).toMatchObject([
      {
        state: 'fail',
        says: expect.stringContaining('does not let you in'),
        todo: expect.stringContaining('ssh-copy-id'),
      },
    ]);
  });

  it('says when another relay is used, and when the record is damaged', async () => {
    await far.connect();
    writeFileSync(statePaths(far.home).config, '{ "relayUrl": "ws://127.0.0.1:1" }');
    expect(await connection()).toMatchObject([{ state: 'warn', says: expect.stringContaining('is what is used') }]);
    writeFileSync(statePaths(far.home).connection, 'x');
    expect(await connection()).toMatchObject([{ state: 'fail', says: expect.stringContaining('is damaged') }]);
    writeFileSync(statePaths(far.home).connection, '{}');
  });
});
