import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../src/relay/log.ts';
import { type Running, type StartOptions, startRelay } from '../../src/serve/start.ts';
import { memoryLog } from '../support/fake-relay.ts';
import { ask, bearer } from '../support/raw-http.ts';
import { tempDir } from '../support/temp-dir.ts';
import { WireClient } from '../support/wire-client.ts';

const running: Running[] = [];
afterEach(async () => {
  for (const relay of running.splice(0)) await relay.stop();
});

function newHome(): string {
  const home = join(tempDir(), 'home');
  mkdirSync(home, { mode: 0o700 });
  return home;
}

async function start(options: Partial<StartOptions> = {}): Promise<Running & { home: string }> {
  const home = options.home ?? newHome();
  const relay = await startRelay({ host: '127.0.0.1', port: 0, version: '1.2.3', log: silentLog, ...options, home });
  running.push(relay);
  return { ...relay, home };
}

/** Nobody listens there. */
async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}

const status = (relay: Running, token = relay.token) =>
  ask({ port: relay.port, method: 'POST', path: '/v1/status', headers: bearer(token) });
const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

describe('a relay that starts', () => {
  it('says where it is in its state directory', async () => {
    const { home, port } = await start();
    expect(JSON.parse(readFileSync(join(home, 'relay.json'), 'utf8'))).toEqual({
      pid: process.pid,
      port,
      url: `ws://127.0.0.1:${port}`,
      version: '1.2.3',
      started: expect.any(Number),
    });
  });

  it('makes everything private, whatever the umask', async () => {
    const before = process.umask(0);
    try {
      const { home } = await start({ home: join(newHome(), 'new') });
      const paths = ['', 'token', 'relay.json', 'data', 'data/relay.sqlite', 'data/relay.lock'].map((path) =>
        join(home, path),
      );
      expect(paths.map(modeOf)).toEqual(['700', '600', '600', '700', '600', '600']);
    } finally {
      process.umask(before);
    }
  });

  it('keeps its token from one start to the next, and its mail', async () => {
    const first = await start();
    await ask({
      port: first.port,
      method: 'POST',
      path: '/v1/status',
      headers: { ...bearer(first.token), 'relay-as': 'B' },
    });
    const body = '{"to":"B","body":"kept"}';
    await ask({
      port: first.port,
      method: 'POST',
      path: '/v1/send',
      headers: { ...bearer(first.token), 'relay-as': 'A' },
      body,
    });
    await first.stop();
    const second = await start({ home: first.home });
    expect(second.token).toBe(first.token);
    const inbox = await ask({
      port: second.port,
      method: 'POST',
      path: '/v1/inbox',
      headers: { ...bearer(second.token), 'relay-as': 'B' },
    });
    expect(JSON.parse(inbox.body)).toMatchObject({ messages: [{ from: 'A', body: 'kept' }] });
  });

  it('writes its token into no log, no file but its own, and no answer', async () => {
    const log = memoryLog();
    const relay = await start({ log });
    await status(relay);
    await status(relay, 'wrong');
    const database = readFileSync(join(relay.home, 'data/relay.sqlite'), 'latin1');
    const texts = [
      JSON.stringify(log.lines),
      readFileSync(join(relay.home, 'relay.json'), 'utf8'),
      database,
      (await status(relay)).body,
    ];
    for (const text of texts) expect(text).not.toContain(relay.token);
  });

  it.each([
    '0.0.0.0',
    '::',
    '[::]',
    '192.168.1.2',
    '10.0.0.1',
    'fe80::1',
    '::ffff:127.0.0.1',
    'relay.example',
    '*',
    '0',
    '128.0.0.1',
    'localhost.example',
  ])('refuses to be reached from elsewhere: --host %s', async (host) => {
    await expect(start({ host })).rejects.toMatchObject({ exit: 78, remedy: expect.stringContaining('Add --tls') });
  });

  it('refuses a second one on the same data, and says where the first one is', async () => {
    const first = await start();
    await expect(start({ home: first.home })).rejects.toMatchObject({
      exit: 1,
      message: expect.stringContaining(first.url),
      remedy: expect.stringContaining('--data'),
    });
    expect((await status(first)).status).toBe(200);
  });

  it('runs beside another one on other data', async () => {
    const first = await start();
    const second = await start({ home: first.home, data: join(first.home, 'other') });
    expect((await status(second)).status).toBe(200);
    await second.stop();
    expect((await status(first)).status).toBe(200);
  });

  it('takes over from one that died, whose lock and address are still there', async () => {
    const home = newHome();
    mkdirSync(join(home, 'data'), { mode: 0o700 });
    writeFileSync(
      join(home, 'relay.json'),
      '{"pid":999999,"port":1,"url":"ws://localhost:1","version":"0","started":1}',
      { mode: 0o600 },
    );
    writeFileSync(join(home, 'data/relay.lock'), '', { mode: 0o600 });
    const relay = await start({ home });
    expect(JSON.parse(readFileSync(join(home, 'relay.json'), 'utf8'))).toMatchObject({
      pid: process.pid,
      port: relay.port,
    });
  });

  it('tells a port in use in one line with a way out, and leaves nothing locked', async () => {
    const first = await start();
    const home = newHome();
    await expect(start({ home, port: first.port })).rejects.toMatchObject({
      exit: 1,
      message: `Port ${first.port} is in use.`,
      remedy: expect.stringContaining('--port'),
    });
    expect(existsSync(join(home, 'relay.json'))).toBe(false);
    expect((await status(await start({ home }))).status).toBe(200);
  });

  it('that cannot say where it is gives everything back, and takes no connections', async () => {
    const home = newHome();
    const port = await freePort();
    // A file cannot be put in the place of a directory.
    mkdirSync(join(home, 'relay.json'), { mode: 0o700 });
    await expect(start({ home, port })).rejects.toThrow(/EISDIR/);
    await expect(ask({ port, path: '/healthz' })).rejects.toThrow(/ECONNREFUSED/);
    rmdirSync(join(home, 'relay.json'));
    expect((await status(await start({ home, port }))).status).toBe(200);
  });

  it.each([
    [
      'a token that others can read',
      (home: string) => {
        writeFileSync(join(home, 'token'), 'x'.repeat(43));
        chmodSync(join(home, 'token'), 0o644);
      },
    ],
    ['a token that is none', (home: string) => writeFileSync(join(home, 'token'), 'short\n', { mode: 0o600 })],
    ['a token that is empty', (home: string) => writeFileSync(join(home, 'token'), '', { mode: 0o600 })],
    ['a token that is a link', (home: string) => symlinkSync('/etc/hostname', join(home, 'token'))],
    ['a state directory that others can list', (home: string) => chmodSync(home, 0o755)],
    [
      'a data directory that others can write to',
      (home: string) => {
        mkdirSync(join(home, 'data'));
        chmodSync(join(home, 'data'), 0o777);
      },
    ],
  ])('refuses %s', async (_what, spoil) => {
    const home = newHome();
    spoil(home);
    await expect(start({ home })).rejects.toMatchObject({ exit: 78, remedy: expect.any(String) });
  });
});

describe('a relay that stops', () => {
  it('gives back port, lock and address, and may be told twice', async () => {
    const relay = await start();
    await Promise.all([relay.stop(), relay.stop()]);
    await relay.stop();
    expect(existsSync(join(relay.home, 'relay.json'))).toBe(false);
    await expect(status(relay)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await start({ home: relay.home, port: relay.port });
  });

  it('leaves the address of another one alone', async () => {
    const relay = await start();
    const other = '{"pid":1,"port":7,"url":"ws://localhost:7","version":"0","started":1}';
    writeFileSync(join(relay.home, 'relay.json'), other);
    await relay.stop();
    expect(readFileSync(join(relay.home, 'relay.json'), 'utf8')).toBe(other);
  });

  it('tells its clients, and answers those that wait', async () => {
    const relay = await start();
    const client = new WireClient(`ws://127.0.0.1:${relay.port}`, relay.token);
    await client.opened;
    client.say({ type: 'hello', v: 1, name: 'A', instance: 'i', seat: true });
    await client.next('welcome');
    const headers = { ...bearer(relay.token), 'relay-as': 'B' };
    const waiting = ask({
      port: relay.port,
      method: 'POST',
      path: '/v1/receive',
      headers,
      body: '{"wait_seconds":60}',
    });
    await expect.poll(() => relay.relay.counts().performing).toBe(1);
    const before = performance.now();
    await relay.stop();
    expect(performance.now() - before).toBeLessThan(2_500);
    expect(await client.next('error')).toMatchObject({ code: 'shutting_down' });
    expect(await client.closed).toBe(1001);
    expect((await waiting).status).toBeGreaterThanOrEqual(200);
  });

  it('does not wait for who never answers', async () => {
    const relay = await start();
    const silent = new WireClient(`ws://127.0.0.1:${relay.port}`, relay.token);
    await silent.opened;
    silent.freeze();
    const idle = net.connect(relay.port, '127.0.0.1');
    const half = net.connect(relay.port, '127.0.0.1', () => half.write('POST /v1/send HTTP/1.1\r\nHost:'));
    for (const socket of [idle, half]) socket.on('error', () => {});
    await new Promise<void>((resolve) => idle.once('connect', resolve));
    const before = performance.now();
    await relay.stop();
    expect(performance.now() - before).toBeLessThan(2_500);
    silent.cut();
    idle.destroy();
    half.destroy();
  });
});
