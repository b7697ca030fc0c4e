import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FAILURES_A_MINUTE } from '../../src/http/guard.ts';
import { type HttpRig, httpRig, TOKEN } from '../support/http-rig.ts';
import { ask, bearer, exchange } from '../support/raw-http.ts';

interface Row {
  readonly host: string;
  readonly origin?: string;
  readonly takes: boolean;
  readonly why: string;
}

/** `:P` stands for the port. */
const TABLE: readonly Row[] = [
  { host: 'localhost:P', takes: true, why: 'the usual name' },
  { host: '127.0.0.1:P', takes: true, why: 'the IPv4 loopback' },
  { host: '[::1]:P', takes: true, why: 'the IPv6 loopback' },
  { host: 'LOCALHOST:P', takes: true, why: 'names of hosts have no case' },
  { host: 'tunnel.example:P', takes: true, why: 'allowed, with the port of the relay' },
  { host: 'tunnel.example', takes: true, why: 'allowed, without a port' },
  { host: 'proxy.example:8443', takes: true, why: 'allowed, with its own port' },
  { host: 'proxy.example:P', takes: false, why: 'allowed with another port only' },
  { host: 'localhost:7474', takes: true, why: 'a forwarded port' },
  { host: '127.0.0.1:7474', takes: true, why: 'the same, by address' },
  { host: '[::1]:7474', takes: true, why: 'the same, by the other address' },
  { host: '127.0.0.2:7474', takes: false, why: 'another loopback address with its port' },
  { host: 'evil.example:7474', takes: false, why: 'a name that was rebound to the forwarded port' },
  { host: 'evil.example:P', takes: false, why: 'a name that was rebound to us' },
  { host: 'evil.example', takes: false, why: 'the same without a port' },
  { host: 'localhost', takes: false, why: 'a page of whatever listens on port 80' },
  { host: 'localhost:1', takes: true, why: 'a forward with another port' },
  { host: '127.0.0.1:1', takes: true, why: 'a forward with another port, by address' },
  { host: '[::1]:65535', takes: true, why: 'a forward with another port, by the other address' },
  { host: 'localhost:123456', takes: false, why: 'no port at all' },
  { host: 'localhost:1', origin: 'http://localhost:1', takes: false, why: 'a page of another port' },
  { host: '0.0.0.0:P', takes: false, why: 'reaches the loopback on Linux and macOS' },
  { host: '127.0.0.2:P', takes: false, why: 'another loopback address' },
  { host: '[::]:P', takes: false, why: 'the unspecified address' },
  { host: '[::ffff:127.0.0.1]:P', takes: false, why: 'a mapped address' },
  { host: '2130706433:P', takes: false, why: '127.0.0.1 as a number' },
  { host: '0x7f.1:P', takes: false, why: '127.0.0.1 in hexadecimal' },
  { host: 'localhost.:P', takes: false, why: 'a trailing dot' },
  { host: 'localhost.evil.example:P', takes: false, why: 'begins as one of ours' },
  { host: 'evil-localhost:P', takes: false, why: 'ends as one of ours' },
  { host: 'localhost:P@evil.example', takes: false, why: 'a user part' },
  { host: 'user@localhost:P', takes: false, why: 'a user part before ours' },
  { host: 'localhost:P/', takes: false, why: 'something after the port' },
  { host: 'localhost:0P', takes: false, why: 'a port with a leading zero' },
  { host: '', takes: false, why: 'an empty host' },
  { host: 'localhost:P', origin: 'http://localhost:P', takes: true, why: 'our own page' },
  { host: 'localhost:P', origin: 'http://127.0.0.1:P', takes: true, why: 'our own page, by address' },
  { host: 'localhost:P', origin: 'https://[::1]:P', takes: true, why: 'our own page behind a TLS proxy' },
  { host: 'localhost:P', origin: 'https://app.example', takes: true, why: 'allowed' },
  { host: 'localhost:P', origin: 'https://APP.example', takes: true, why: 'origins have no case either' },
  { host: 'localhost:P', origin: 'http://app.example', takes: false, why: 'allowed with another scheme only' },
  { host: 'localhost:P', origin: 'https://app.example:444', takes: false, why: 'allowed with another port only' },
  { host: 'localhost:P', origin: 'https://evil.example', takes: false, why: 'a page of somebody else' },
  { host: 'localhost:P', origin: 'null', takes: false, why: 'a sandboxed frame or a file' },
  { host: 'localhost:P', origin: '', takes: false, why: 'an empty origin' },
  { host: 'localhost:P', origin: 'http://localhost', takes: false, why: 'a page on port 80 of this machine' },
  { host: 'localhost:P', origin: 'http://localhost:1', takes: false, why: 'a page on another port of this machine' },
  { host: 'localhost:P', origin: 'http://localhost:P.evil.example', takes: false, why: 'begins as one of ours' },
  { host: 'localhost:P', origin: 'chrome-extension://abcdef', takes: false, why: 'an extension' },
  { host: 'localhost:P', origin: 'file://', takes: false, why: 'a file' },
  { host: 'localhost:P', origin: 'ws://localhost:P', takes: false, why: 'not an origin that a browser sends' },
  { host: 'evil.example:P', origin: 'http://localhost:P', takes: false, why: 'a good origin does not mend a bad host' },
];

let rig: HttpRig;
beforeAll(async () => {
  rig = await httpRig({
    allowHosts: ['tunnel.example', 'Proxy.example:8443', 'LocalHost:7474'],
    allowOrigins: ['https://app.example'],
  });
});
afterAll(() => rig.stop());

/** Over a plain socket: an HTTP client would correct some of these before they leave. */
async function statusOf(row: Row, path: string, upgrade: boolean): Promise<number> {
  const at = (text: string) => text.replace(/:(0?)P/g, `:$1${rig.port}`);
  const lines = [`GET ${path} HTTP/1.1`, `Host: ${at(row.host)}`, `Authorization: Bearer ${TOKEN}`];
  if (row.origin !== undefined) lines.push(`Origin: ${at(row.origin)}`);
  if (upgrade) {
    lines.push('Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13');
    lines.push('Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Protocol: claude-relay.v1');
  } else lines.push('Connection: close');
  // A close frame after the handshake: an upgrade that was taken ends by itself.
  const closeFrame = Buffer.from([0x88, 0x80, 0, 0, 0, 0]).toString('latin1');
  const answer = await exchange(rig.port, `${lines.join('\r\n')}\r\n\r\n${upgrade ? closeFrame : ''}`);
  return Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);
}

describe('the guard', () => {
  it('has at least 30 rows of Host and Origin to answer', () => {
    expect(TABLE.length).toBeGreaterThanOrEqual(30);
  });

  describe.each(TABLE)('Host "$host", Origin "$origin" ($why)', (row) => {
    it(row.takes ? 'may ask for the health' : 'may not even ask for the health', async () => {
      expect(await statusOf(row, '/healthz', false)).toBe(row.takes ? 200 : 403);
    });

    it(row.takes ? 'reaches the routes' : 'reaches no route', async () => {
      expect(await statusOf(row, '/metrics', false)).toBe(row.takes ? 200 : 403);
    });

    it(row.takes ? 'is upgraded' : 'is refused before any frame', async () => {
      const before = rig.sockets.length;
      expect(await statusOf(row, '/', true)).toBe(row.takes ? 101 : 403);
      expect(rig.sockets.length - before).toBe(row.takes ? 1 : 0);
    });
  });

  it('refuses two Host lines, whichever of them is right', async () => {
    for (const hosts of [
      [`localhost:${rig.port}`, 'evil.example'],
      ['evil.example', `localhost:${rig.port}`],
    ]) {
      const lines = hosts.map((host) => `Host: ${host}\r\n`).join('');
      const answer = await exchange(rig.port, `GET /healthz HTTP/1.1\r\n${lines}Connection: close\r\n\r\n`);
      expect(answer).toMatch(/^HTTP\/1\.1 40[03]/);
    }
  });

  it('refuses two Origin lines', async () => {
    const origins = `Origin: http://localhost:${rig.port}\r\nOrigin: https://evil.example\r\n`;
    const answer = await exchange(
      rig.port,
      `GET /healthz HTTP/1.1\r\nHost: localhost:${rig.port}\r\n${origins}Connection: close\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 403/);
  });

  it('refuses a request without a Host', async () => {
    expect(await exchange(rig.port, 'GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n')).toMatch(/^HTTP\/1\.1 400/);
    expect(await exchange(rig.port, 'GET /healthz HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 403/);
  });

  it('refuses a target that names another host than Host does', async () => {
    const answer = await exchange(
      rig.port,
      `GET http://evil.example/healthz HTTP/1.1\r\nHost: localhost:${rig.port}\r\nConnection: close\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 403/);
  });

  it('says why in the body, with a code', async () => {
    const host = { host: 'evil.example' };
    const answer = await ask({ port: rig.port, path: '/healthz', headers: host });
    expect(JSON.parse(answer.body)).toEqual({
      error: { code: 'forbidden_host', message: expect.stringContaining('--allow-host'), retry: false },
    });
    const origin = await ask({ port: rig.port, path: '/healthz', headers: { origin: 'https://evil.example' } });
    expect(JSON.parse(origin.body).error).toMatchObject({
      code: 'forbidden_origin',
      message: expect.stringContaining('--allow-origin'),
    });
  });
});

describe('the credential', () => {
  const WRONG: readonly [string, string | undefined][] = [
    ['absent', undefined],
    ['empty', ''],
    ['the scheme alone', 'Bearer'],
    ['an empty token', 'Bearer '],
    ['a short token', 'Bearer x'],
    ['the first half', `Bearer ${TOKEN.slice(0, 20)}`],
    ['all but the last character', `Bearer ${TOKEN.slice(0, -1)}`],
    ['one character more', `Bearer ${TOKEN}x`],
    ['another case', `Bearer ${TOKEN.toUpperCase()}`],
    ['no scheme', TOKEN],
    ['another scheme', `Basic ${TOKEN}`],
    ['the token twice', `Bearer ${TOKEN} ${TOKEN}`],
    ['quoted', `Bearer "${TOKEN}"`],
    ['a look-alike character', `Bearer ${TOKEN.replace('-', '\u00ad')}`],
    ['very long', `Bearer ${'x'.repeat(8_000)}`],
  ];

  it.each(WRONG)('is refused when it is %s', async (_what, authorization) => {
    const fresh = await httpRig();
    const headers = authorization === undefined ? {} : { authorization };
    const answer = await ask({ port: fresh.port, method: 'POST', path: '/v1/status', headers });
    await fresh.stop();
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('Bearer');
    expect(JSON.parse(answer.body).error.code).toBe('unauthorized');
    expect(fresh.relay.asked).toEqual([]);
  });

  it.each([
    '/',
    '/v1/send',
    '/metrics',
    '/mcp',
    '/healthz/',
    '/readyz/',
    '/Readyz',
    '/healthzz',
    '/nowhere',
    '/%68ealthz',
  ])('is wanted at %s', async (path) => {
    expect((await ask({ port: rig.port, path })).status).toBeGreaterThanOrEqual(401);
    expect((await ask({ port: rig.port, path, headers: bearer(TOKEN) })).status).not.toBe(401);
  });

  it.each(['/healthz', '/healthz?x=1', '/readyz'])('is not wanted at %s, which says no more than ok', async (path) => {
    const answer = await ask({ port: rig.port, path });
    expect([answer.status, answer.body]).toEqual([200, 'ok\n']);
  });

  it('is taken with any case of the scheme', async () => {
    const answer = await ask({ port: rig.port, path: '/metrics', headers: { authorization: `bearer ${TOKEN}` } });
    expect(answer.status).toBe(200);
  });

  it('is refused when it stands beside another', async () => {
    const lines = `Host: localhost:${rig.port}\r\nAuthorization: Bearer ${TOKEN}\r\nAuthorization: Bearer wrong\r\nConnection: close\r\n\r\n`;
    expect(await exchange(rig.port, `GET /metrics HTTP/1.1\r\n${lines}`)).toMatch(/^HTTP\/1\.1 4(01|29)/);
  });

  it('may be guessed so often, then the address waits; the right one works all the while', async () => {
    const fresh = await httpRig();
    const guess = () =>
      ask({ port: fresh.port, path: '/metrics', headers: bearer('wrong') }).then((answer) => answer.status);
    const statuses: number[] = [];
    for (let count = 0; count < FAILURES_A_MINUTE + 5; count += 1) statuses.push(await guess());
    expect(statuses.filter((status) => status === 401)).toHaveLength(FAILURES_A_MINUTE);
    expect(statuses.slice(-5)).toEqual([429, 429, 429, 429, 429]);
    expect((await ask({ port: fresh.port, path: '/metrics', headers: bearer(TOKEN) })).status).toBe(200);
    fresh.clock.advance(60_000);
    expect(await guess()).toBe(401);
    await fresh.stop();
  });
});
