/** A machine becomes a device of the relay's owner, and ends being one; the relay is real, the way there is not. */
import { existsSync, lstatSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Remote } from '../../../src/cli/connect/remote.ts';
import {
  bringCredential,
  type Credential,
  dismissDevice,
  returnCredential,
} from '../../../src/cli/connect/remote-credential.ts';
import { askPeople } from '../../../src/client/admin.ts';
import { once } from '../../../src/client/once.ts';
import { type Device, readDevice, writeDevice } from '../../../src/config/device.ts';
import { statePaths } from '../../../src/config/paths.ts';
import { newKey, pemOf } from '../../../src/util/signing.ts';
import { type LiveRelay, liveRelay } from '../../support/live-relay.ts';
import { tempDir } from '../../support/temp-dir.ts';

const PROGRAM = { words: ['claude-relay'], path: '/bin', version: '1' };
const JOINED: Device = { id: 'd0', person: 'bert', url: 'wss://elsewhere:9999', relay: 'f', key: pemOf(newKey()) };

let relay: LiveRelay;
beforeEach(async () => {
  relay = await liveRelay({ owner: 'anna' });
});
afterEach(() => relay.stop());

/** A state directory that brings a credential. */
class Here {
  readonly home = tempDir();
  readonly path = statePaths(this.home).device;
  readonly changes: Credential[] = [];
  readonly scripts: string[] = [];
  lost = 0;
  left: string[] = [];
  kept: Credential | undefined;
  /** The near end of the forward; here it is the relay itself. */
  url = relay.url;
  /** What the other machine says instead of a line. */
  says: string | undefined;

  get device(): Device | undefined {
    return readDevice(this.home);
  }

  async bring(): Promise<void> {
    const run = async (_program: string, _args: readonly string[], input = '') => {
      this.scripts.push(input);
      return { code: 0, stdout: this.says ?? JSON.stringify(await this.invitation()), stderr: '' };
    };
    await bringCredential({
      home: this.home,
      remote: new Remote({ target: 'me@relay', options: [] }, run),
      program: PROGRAM,
      relay: { url: 'ws://localhost:9999', port: 9999, version: '1', home: '/home/me' },
      url: this.url,
      kept: this.kept,
      names: { device: 'laptop', person: 'whoever' },
      signal: new AbortController().signal,
      onChange: (credential) => {
        // What it says is written down before anything is changed.
        expect(this.device?.id).not.toBe(credential.device);
        this.changes.push(credential);
        this.kept = credential;
      },
      onLost: () => {
        this.lost += 1;
      },
      onLeft: (device) => this.left.push(device),
    });
  }

  invitation() {
    return askPeople('invite', { mine: true, addresses: [this.url] }, { url: relay.url, token: relay.token });
  }

  back(): void {
    if (this.kept !== undefined) returnCredential(this.home, this.kept);
  }
}

/** By the relay: the devices that may come in. */
async function welcome(): Promise<string[]> {
  const { devices } = await askPeople('devices', {}, { url: relay.url, token: relay.token });
  return devices.filter(({ state }) => state !== 'revoked').map(({ id }) => id);
}

/** The relay as it is reached by a forward that breaks off what is asked at one path. */
async function without(path: string): Promise<{ readonly url: string; close(): void }> {
  const server = createServer((incoming, outgoing) => {
    if (incoming.url === path) return void incoming.socket.destroy();
    const { method, url = '/', headers } = incoming;
    const onward = request({ port: relay.port, host: '127.0.0.1', method, path: url, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 0, answer.headers);
      answer.pipe(outgoing);
    });
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => void server.close() };
}

const revoke = (what = '') => askPeople('revoke', { what }, { url: relay.url, token: relay.token });

describe('the credential of a connection', () => {
  it('is a key of this machine, 0600, as a device of the owner; of the relay’s token nothing is here', async () => {
    const here = new Here();
    await here.bring();
    expect(here.device).toMatchObject({ person: 'anna', url: relay.url, id: here.kept?.device });
    expect(lstatSync(here.path).mode & 0o777).toBe(0o600);
    expect(await welcome()).toEqual([here.device?.id]);
    const { devices } = await askPeople('devices', {}, { url: here.url, device: here.device });
    expect(devices).toMatchObject([{ name: 'laptop', person: 'anna', kind: 'key' }]);
    expect(existsSync(statePaths(here.home).token)).toBe(false);
    expect(readFileSync(here.path, 'utf8')).not.toContain(relay.token);
  });

  it('is asked for where the relay is, in words, and the line is in none of them', async () => {
    const here = new Here();
    await here.bring();
    const words = `'claude-relay' 'invite' '--mine' '--for' '2m' '--address' '${here.url}' '--relay-url' 'ws://localhost:9999' '--json'`;
    expect(here.scripts).toEqual([expect.stringContaining(words.replaceAll("'", ''))]);
    expect(JSON.stringify(here.changes)).not.toMatch(/PRIVATE|ws:/);
  });

  it('twice is the same as once', async () => {
    const here = new Here();
    await here.bring();
    const text = readFileSync(here.path, 'utf8');
    await here.bring();
    expect([here.changes.length, here.scripts.length, here.lost]).toEqual([1, 1, 0]);
    expect(readFileSync(here.path, 'utf8')).toBe(text);
    expect(await welcome()).toHaveLength(1);
  });

  it('stays the same one when the forward has another port', async () => {
    const here = new Here();
    await here.bring();
    const { id } = here.device ?? {};
    here.url = relay.url.replace('127.0.0.1', 'localhost');
    await here.bring();
    expect([here.device?.id, here.device?.url, here.scripts.length]).toEqual([id, here.url, 1]);
  });

  it('that was revoked there is said to be, and another takes its place', async () => {
    const here = new Here();
    await here.bring();
    const first = here.device?.id;
    await revoke(first);
    await here.bring();
    expect(here.lost).toBe(1);
    expect(here.device?.id).not.toBe(first);
    expect(await welcome()).toEqual([here.device?.id]);
  });

  it('that is gone here is made anew, and the one of before may not come in any more', async () => {
    const here = new Here();
    await here.bring();
    rmSync(here.path);
    await here.bring();
    expect(await welcome()).toEqual([here.device?.id]);
    expect([here.lost, here.left]).toEqual([0, []]);
  });

  it('is said to be left where it could not be revoked', async () => {
    const here = new Here();
    await here.bring();
    const first = here.device?.id;
    rmSync(here.path);
    const deaf = await without('/admin/revoke');
    here.url = deaf.url;
    await here.bring();
    expect(here.left).toEqual([first]);
    expect(await welcome()).toHaveLength(2);
    deaf.close();
  });

  it('is not replaced by a relay that does not answer', async () => {
    const here = new Here();
    await here.bring();
    const text = readFileSync(here.path, 'utf8');
    await relay.end();
    await expect(here.bring()).rejects.toMatchObject({ code: 'not_connected' });
    expect(readFileSync(here.path, 'utf8')).toBe(text);
  });

  it.each(['', '{}', '{"line":5}', '{"line":"wss://relay/x.y"}'])('answered with %j is none', async (text) => {
    const here = new Here();
    here.says = text;
    await expect(here.bring()).rejects.toThrow('claude-relay on me@relay made no invitation.');
    expect([here.device, here.changes]).toEqual([undefined, []]);
  });

  it('is not taken from another relay than the one that was asked over SSH', async () => {
    const [here, other] = [new Here(), await liveRelay()];
    here.url = other.url;
    await expect(here.bring()).rejects.toMatchObject({ code: 'unauthorized' });
    await other.stop();
    expect([here.device, here.changes, await welcome()]).toEqual([undefined, [], []]);
  });
});

describe('giving it back', () => {
  it('revokes the device, and leaves nothing', async () => {
    const here = new Here();
    await here.bring();
    const { device } = here;
    expect(await dismissDevice(here.home, here.kept ?? { device: '' })).toBe(true);
    here.back();
    here.back();
    expect([here.device, await welcome()]).toEqual([undefined, []]);
    await expect(once('status', {}, { url: here.url, device })).rejects.toMatchObject({ code: 'unauthorized' });
  });

  it('of one that was revoked already is the same', async () => {
    const here = new Here();
    await here.bring();
    await revoke(here.device?.id);
    expect(await dismissDevice(here.home, here.kept ?? { device: '' })).toBe(true);
  });

  it('to a relay that is away is not possible, and said', async () => {
    const here = new Here();
    await here.bring();
    await relay.end();
    expect(await dismissDevice(here.home, here.kept ?? { device: '' })).toBe(false);
  });

  it('brings back what had been joined before, also when it was brought anew meanwhile', async () => {
    const here = new Here();
    writeDevice(here.home, JOINED);
    await here.bring();
    rmSync(here.path);
    await here.bring();
    await revoke(here.device?.id);
    await here.bring();
    here.back();
    expect(here.device).toEqual(JOINED);
  });

  it('leaves one that came later, and takes it for the one of before when it is brought again', async () => {
    const here = new Here();
    await here.bring();
    writeFileSync(here.path, JSON.stringify(JOINED));
    expect(await dismissDevice(here.home, here.kept ?? { device: '' })).toBe(false);
    here.back();
    expect(here.device).toEqual(JOINED);
    await here.bring();
    here.back();
    expect(here.device).toEqual(JOINED);
  });
});
