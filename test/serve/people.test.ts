/** Other machines and people, over real sockets. */
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { askAdmin, askPeople, streamAdmin } from '../../src/client/admin.ts';
import { rekeyDevice } from '../../src/client/join.ts';
import { once } from '../../src/client/once.ts';
import { connectWebSocket } from '../../src/client/socket.ts';
import { ensureRelayKey } from '../../src/config/relay-key.ts';
import { joinLine, readJoinLine } from '../../src/protocol/people.ts';
import { joinText } from '../../src/protocol/proof.ts';
import { silentLog } from '../../src/relay/log.ts';
import { type Running, type StartOptions, startRelay } from '../../src/serve/start.ts';
import { selfSigned } from '../../src/util/certificate.ts';
import { invitationId, keyFromSecret, newKey, newServerKey, pemOf, publicKeyOf, sign } from '../../src/util/signing.ts';
import { codeOf } from '../relay/kit.ts';
import { as, invited, joinBy, joined } from '../support/joining.ts';
import { ask, bearer } from '../support/raw-http.ts';
import { tempDir } from '../support/temp-dir.ts';

const running: Running[] = [];
afterEach(async () => {
  for (const relay of running.splice(0)) await relay.stop();
});

async function start(options: Partial<StartOptions> = {}): Promise<Running & { home: string }> {
  const home = join(tempDir(), 'home');
  mkdirSync(home, { mode: 0o700 });
  const base = { host: '127.0.0.1', port: 0, version: '1.2.3', log: silentLog, owner: 'anna' };
  const relay = await startRelay({ ...base, home, ...options });
  running.push(relay);
  return { ...relay, home };
}

/** A certificate of somebody else, and its key. */
function pemFiles(mode = 0o600): { tlsCert: string; tlsKey: string } {
  const [dir, key] = [tempDir(), newServerKey()];
  const [tlsCert, tlsKey] = [join(dir, 'cert.pem'), join(dir, 'key.pem')];
  writeFileSync(tlsCert, selfSigned(key, Buffer.from('abcdef')));
  writeFileSync(tlsKey, pemOf(key));
  chmodSync(tlsKey, mode);
  return { tlsCert, tlsKey };
}

describe('T3: the start matrix of 12', () => {
  it.each<[string, () => Partial<StartOptions>, 'starts' | 'exits with 78']>([
    ['loopback', () => ({}), 'starts'],
    ['loopback, own certificate', () => ({ tls: true }), 'starts'],
    ['loopback, behind a proxy', () => ({ behindTls: true }), 'starts'],
    [
      'loopback, behind a proxy, without credentials for some',
      () => ({ behindTls: true, legacy: true }),
      'exits with 78',
    ],
    ['everywhere', () => ({ host: '0.0.0.0' }), 'exits with 78'],
    ['everywhere, without credentials for some', () => ({ host: '0.0.0.0', legacy: true }), 'exits with 78'],
    ['everywhere, IPv6', () => ({ host: '::' }), 'exits with 78'],
    ['everywhere, own certificate', () => ({ host: '0.0.0.0', tls: true }), 'starts'],
    ['everywhere, another certificate', () => ({ host: '0.0.0.0', ...pemFiles() }), 'starts'],
    ['everywhere, behind a proxy', () => ({ host: '0.0.0.0', behindTls: true }), 'starts'],
    [
      'everywhere, a certificate without its key',
      () => ({ host: '0.0.0.0', tlsCert: pemFiles().tlsCert }),
      'exits with 78',
    ],
    ['everywhere, a key that others can read', () => ({ host: '0.0.0.0', ...pemFiles(0o644) }), 'exits with 78'],
  ])('%s', async (_, options, expected) => {
    const started = start(options()).then(
      () => 'starts',
      ({ exit, remedy }) => (typeof remedy === 'string' ? `exits with ${exit}` : 'says no remedy'),
    );
    expect(await started).toBe(expected);
  });

  it('refuses a certificate that is not of the key', async () => {
    const files = { tlsCert: pemFiles().tlsCert, tlsKey: pemFiles().tlsKey };
    await expect(start({ host: '0.0.0.0', ...files })).rejects.toMatchObject({ exit: 78 });
  });
});

describe('joining', () => {
  it('makes a device that is known from then on, over the relay’s own certificate', async () => {
    const relay = await start({ host: '0.0.0.0', tls: true });
    const addresses = [`wss://127.0.0.1:${relay.port}`];
    const bert = await joined(relay, 'bert', { addresses });
    expect(bert).toMatchObject({ person: 'bert', url: addresses[0], certificate: expect.stringContaining('BEGIN') });
    await as(bert, 'B', 'status', {});
    await once('send', { to: ['B@bert'], body: 'hi' }, { url: relay.url, token: relay.token, as: 'A' });
    expect((await as(bert, 'B', 'receive', {})).messages).toMatchObject([{ from: 'A@anna', to: ['B'], body: 'hi' }]);
    const socket = await connectWebSocket({ url: bert.url, device: bert });
    socket.terminate();
  });

  it('works the same through a forward, without TLS', async () => {
    const relay = await start();
    const bert = await joined(relay, 'bert');
    expect(bert).toMatchObject({ url: `ws://localhost:${relay.port}` });
    expect(bert.certificate).toBeUndefined();
    expect(await as(bert, 'B', 'status', {})).toMatchObject({ name: 'B' });
  });

  it('takes nobody from another machine without TLS', async () => {
    const { isLoopbackPeer } = await import('../../src/http/sniff.ts');
    expect(['127.0.0.1', '::1', '::ffff:127.0.0.1'].every(isLoopbackPeer)).toBe(true);
    expect(['10.0.0.1', '::ffff:10.0.0.1', 'fe80::1', '12.7.0.1', undefined].some(isLoopbackPeer)).toBe(false);
  });

  it('gives one’s own other machine everything', async () => {
    const relay = await start();
    const { line } = await invited(relay, { mine: true });
    const { device, owner } = await joinBy(line, 'whoever');
    expect([device.person, owner]).toEqual(['anna', 'anna']);
    expect((await askPeople('people', {}, { url: device.url, device })).people).toMatchObject([{ owner: true }]);
    await expect(invited(relay, { person: 'ANNA' })).rejects.toMatchObject({ code: 'bad_request' });
  });

  it('lets it do over a forward all that the owner’s token may', async () => {
    const relay = await start();
    const { device } = await joinBy((await invited(relay, { mine: true })).line, 'whoever');
    const place = { url: device.url, device };
    const { line } = await askPeople('invite', { person: 'bert' }, place);
    const bert = (await joinBy(line, 'bert')).device;
    expect((await askPeople('grant', { person: 'bert', add: ['administer'] }, place)).grants).toContain('administer');
    expect((await askPeople('token', { name: 'ci', person: 'anna' }, place)).person).toBe('anna');
    expect((await askPeople('devices', {}, place)).devices).toHaveLength(3);
    expect(await askPeople('revoke', { what: bert.id }, place)).toEqual({ revoked: 'device', name: 'berts-laptop' });
    for (const [task, args] of ADMIN) expect([task, await codeOf(askAdmin(task, args, place))]).toEqual([task, 'ok']);
    expect(await codeOf(streamAdmin('export', { format: 'jsonl' }, place, new PassThrough().resume()))).toBe('ok');
    expect(await codeOf(streamAdmin('backup', {}, place, new PassThrough().resume()))).toBe('ok');
    expect(await codeOf(as(device, 'A', 'pause', { for_seconds: 60 }))).toBe('ok');
    expect(await askPeople('rotate-token', {}, place)).toEqual({});
    expect(await as(device, 'A', 'status', {})).toMatchObject({ name: 'A' });
  });

  it('leaves no secret in the relay’s directory but the two keys, and nothing that others can read', async () => {
    const relay = await start();
    const { line } = await invited(relay);
    const { device } = await joinBy(line, 'bert');
    const { token } = await askPeople('token', { name: 'ci' }, { url: relay.url, token: relay.token });
    const secret = readJoinLine(line)?.secret ?? 'none';
    for (const file of readdirSync(relay.home, { recursive: true, encoding: 'utf8' })) {
      const path = join(relay.home, file);
      expect([file, statSync(path).mode & 0o077]).toEqual([file, 0]);
      if (!statSync(path).isFile()) continue;
      const text = readFileSync(path, 'latin1');
      for (const hidden of [secret, device.key, token]) expect(text.includes(hidden)).toBe(false);
    }
  });

  it('goes on with another key after `rotate device-key`, and with another token after `rotate token`', async () => {
    const relay = await start();
    const bert = await joined(relay, 'bert');
    const next = await rekeyDevice(bert, new AbortController().signal);
    expect(await codeOf(as(bert, 'B', 'status', {}))).toBe('unauthorized');
    expect(await as(next, 'B', 'status', {})).toMatchObject({ name: 'B' });
    expect(await askPeople('rotate-token', {}, { url: relay.url, token: relay.token })).toEqual({});
    const token = readFileSync(join(relay.home, 'token'), 'utf8').trim();
    expect(token).not.toBe(relay.token);
    expect((await ask({ port: relay.port, method: 'POST', path: '/v1/status', headers: bearer(token) })).status).toBe(
      200,
    );
    expect(
      (await ask({ port: relay.port, method: 'POST', path: '/v1/status', headers: bearer(relay.token) })).status,
    ).toBe(401);
  });
});

const ADMIN = [
  ['verify', {}],
  ['prune', { older_than: 1, trial: true }],
] as const;

/** A proxy that answers `/challenge` and `/join` by itself, or changes what goes through it. */
async function between(
  port: number,
  change: (path: string, body: string) => string,
): Promise<{ port: number; seen: string[]; close: () => void }> {
  const seen: string[] = [];
  const server = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    seen.push(body);
    const changed = change(incoming.url ?? '', body);
    const headers = { ...incoming.headers, host: `127.0.0.1:${port}`, 'content-length': Buffer.byteLength(changed) };
    const onward = httpRequest({ port, method: 'POST', path: incoming.url, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(outgoing);
    });
    onward.end(changed);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, seen, close: () => server.close() };
}

describe('T10: an invitation', () => {
  it('is good once', async () => {
    const relay = await start();
    const { line } = await invited(relay, { person: 'bert' });
    await joinBy(line, 'bert');
    await expect(joinBy(line, 'mallory')).rejects.toMatchObject({ code: 'not_invited' });
  });

  it('cannot be used by another relay, which is sent nothing that the secret made', async () => {
    const [relay, wrong] = [await start(), await start()];
    const { line } = await invited(relay);
    const read = readJoinLine(line);
    const proxy = await between(wrong.port, (_path, body) => body);
    const there = joinLine({
      addresses: [`ws://127.0.0.1:${proxy.port}`],
      relay: read?.relay ?? '',
      secret: read?.secret ?? '',
    });
    await expect(joinBy(there, 'bert')).rejects.toMatchObject({ code: 'unauthorized' });
    expect(proxy.seen).toHaveLength(1);
    expect(Object.keys(JSON.parse(proxy.seen[0] ?? '{}'))).toEqual(['nonce']);
    proxy.close();
    expect((await joinBy(line, 'bert')).device.person).toBe('bert');
  });

  it.each(['key', 'device', 'person'])('is not redeemed when a proxy in the middle changes the %s', async (field) => {
    const relay = await start();
    const { line } = await invited(relay);
    const read = readJoinLine(line);
    const other = field === 'key' ? publicKeyOf(newKey()) : 'mallory';
    const proxy = await between(relay.port, (path, body) =>
      path === '/join' ? JSON.stringify({ ...JSON.parse(body), [field]: other }) : body,
    );
    const there = joinLine({
      addresses: [`ws://127.0.0.1:${proxy.port}`],
      relay: read?.relay ?? '',
      secret: read?.secret ?? '',
    });
    await expect(joinBy(there, 'bert')).rejects.toMatchObject({ code: 'not_invited' });
    expect(JSON.stringify(proxy.seen)).not.toContain(read?.secret);
    proxy.close();
    const { people } = await askPeople('people', {}, { url: relay.url, token: relay.token });
    expect(people.map(({ name }) => name)).toEqual(['anna']);
  });

  it('is not made without a way to get here: nobody could use it', async () => {
    const relay = await start({ address: [] });
    await expect(invited(relay)).rejects.toMatchObject({
      code: 'bad_request',
      message: expect.stringContaining('--address'),
    });
    const { invitations } = await askPeople('people', {}, { url: relay.url, token: relay.token });
    expect(invitations).toEqual([]);
    expect((await invited(relay, { addresses: ['ws://here:1'] })).line).toMatch(/^ws:\/\/here:1\//);
  });

  it('is over in ten minutes, or when it says', async () => {
    const relay = await start();
    const { expires } = await invited(relay);
    expect(expires - Date.now()).toBeGreaterThan(590_000);
    expect(expires - Date.now()).toBeLessThanOrEqual(601_000);
    const { line } = await invited(relay, { seconds: 1 });
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await expect(joinBy(line, 'bert')).rejects.toMatchObject({ code: 'not_invited' });
  });

  it('lets nobody in who guesses: 10,000 wrong tries, over the relay itself, 0 joins', async () => {
    const relay = await start();
    const made = await Promise.all(Array.from({ length: 20 }, () => invited(relay)));
    const { fingerprint, tasks } = await parts(relay);
    const codes = new Map<string, number>();
    const key = newKey();
    for (let i = 0; i < 10_000; i++) {
      const nonce = tasks.challenge({ nonce: 'n'.repeat(16) });
      const invitation = i % 2 ? (made[i % 20]?.id ?? '') : invitationId(publicKeyOf(keyFromSecret(`guess ${i}`)));
      const words = { invitation, key: publicKeyOf(key), device: 'laptop', person: 'mallory' };
      const said = joinText(fingerprint, nonce, words);
      const proof = sign(keyFromSecret(`guess ${i}`), said);
      const code = await codeOf(tasks.join({ nonce, ...words, proof, signature: sign(key, said) }));
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
    expect([...codes]).toEqual([['not_invited', 10_000]]);
    // Each that was tried five times is burnt, also for who has the secret.
    await expect(joinBy(made[1]?.line ?? '', 'bert')).rejects.toMatchObject({ code: 'not_invited' });
    const { people, invitations } = await askPeople('people', {}, { url: relay.url, token: relay.token });
    expect([people.length, invitations.length]).toEqual([1, 10]);
  }, 60_000);

  it('works also where somebody at the same address has tried too often: everybody behind a forward has that address', async () => {
    const relay = await start();
    const { line } = await invited(relay, { person: 'bert' });
    const wrong = () => once('status', {}, { url: relay.url, token: 'x'.repeat(43) });
    const codes: string[] = [];
    for (let i = 0; i < 6; i++) codes.push(await codeOf(wrong()));
    expect(codes.at(-1)).toBe('too_many_requests');
    expect((await joinBy(line, 'bert')).device.person).toBe('bert');
  });

  it('is told five times a minute and address that it is not open, and then to wait', async () => {
    const relay = await start();
    const key = publicKeyOf(newKey());
    const body = JSON.stringify({
      nonce: 'n'.repeat(16),
      invitation: 'v1',
      key,
      device: 'a',
      person: 'b',
      proof: 'x',
      signature: 'y',
    });
    const statuses: number[] = [];
    for (let i = 0; i < 7; i++)
      statuses.push(
        (
          await ask({
            port: relay.port,
            method: 'POST',
            path: '/join',
            headers: { 'content-type': 'application/json' },
            body,
          })
        ).status,
      );
    expect(statuses).toEqual([403, 403, 403, 403, 403, 429, 429]);
  });
});

/** What the relay does for those paths, without the way there. */
async function parts({ relay, home }: Running & { home: string }) {
  const { Credentials } = await import('../../src/relay/credentials.ts');
  const { systemClock } = await import('../../src/util/clock.ts');
  const { systemRandom } = await import('../../src/util/random.ts');
  const { key } = ensureRelayKey(home);
  const options = { clock: systemClock, random: systemRandom, key, token: 'x', knows: () => false };
  const credentials = new Credentials({ ...options, store: undefined as never });
  const people = relay.people({ credentials, addresses: () => [], renewToken: () => '' });
  const nobody = { person: 0 };
  type JoinArgs = Parameters<typeof people.tasks.join>[0];
  return {
    fingerprint: credentials.fingerprint,
    tasks: {
      challenge: ({ nonce }: { nonce: string }) => credentials.challenge(nonce).nonce,
      join: async (args: JoinArgs) => await people.tasks.join(args, nobody),
    },
  };
}

describe('T26: a lost laptop', () => {
  it('is cut within a second, over HTTP and WebSocket, and reads nothing after', async () => {
    const relay = await start();
    const bert = await joined(relay, 'bert');
    const waiting = codeOf(as(bert, 'B', 'receive', { wait_seconds: 60 }));
    const socket = await connectWebSocket({ url: bert.url, device: bert });
    const texts: string[] = [];
    const closed = new Promise<number>((resolve) =>
      socket.listen({ onText: (text) => texts.push(text), onPong() {}, onClose: resolve, onDrain() {} }),
    );
    socket.send('{"type":"hello","v":1,"name":"W","instance":"i1","seat":true,"window":8}');
    await expect.poll(() => texts.length).toBeGreaterThan(0);
    const since = performance.now();
    await askPeople('revoke', { what: 'bert' }, { url: relay.url, token: relay.token });
    expect(await closed).toBe(4401);
    expect(await waiting).not.toBe('ok');
    expect(performance.now() - since).toBeLessThan(1_000);
    expect(await codeOf(as(bert, 'B', 'receive', {}))).toBe('unauthorized');
    expect(await codeOf(connectWebSocket({ url: bert.url, device: bert }))).toBe('unauthorized');
  });
});

describe('a device of the owner that revokes itself', () => {
  it('is told that it is done, and is cut like any other', async () => {
    const relay = await start();
    const { device } = await joinBy((await invited(relay, { mine: true })).line, 'whoever');
    const waiting = codeOf(as(device, 'B', 'receive', { wait_seconds: 60 }));
    const place = { url: device.url, device };
    expect(await askPeople('revoke', { what: device.id }, place)).toEqual({
      revoked: 'device',
      name: 'whoevers-laptop',
    });
    expect(await waiting).not.toBe('ok');
    expect(await codeOf(askPeople('devices', {}, place))).toBe('unauthorized');
  });
});

describe('who may not administer', () => {
  it.each([
    'people',
    'devices',
    'invite',
    'token',
    'grant',
    'revoke',
    'rotate-token',
    'export',
    'backup',
    'prune',
    'nothing',
  ])('finds nothing at /admin/%s', async (task) => {
    const relay = await start();
    const bert = await joined(relay, 'bert');
    const asked = askPeople(task as 'people', {}, { url: bert.url, device: bert });
    await expect(asked).rejects.toMatchObject({
      code: 'unknown_verb',
      message: 'There is nothing at that path; the verbs are at POST /v1/<verb>.',
    });
  });

  it('does not become the owner by administering', async () => {
    const relay = await start();
    const bert = await joined(relay, 'bert', { grants: ['administer'] });
    const place = { url: bert.url, device: bert };
    const before = readFileSync(join(relay.home, 'token'), 'utf8');
    for (const asked of [
      askPeople('invite', { person: 'Anna' }, place),
      askPeople('token', { name: 'ci', person: 'anna' }, place),
      askPeople('rotate-token', {}, place),
      askPeople('grant', { person: 'anna', add: ['send:all'] }, place),
      askPeople('revoke', { what: 'anna' }, place),
    ])
      await expect(asked).rejects.toMatchObject({
        code: 'bad_request',
        message: expect.stringContaining('owns this relay'),
      });
    expect(readFileSync(join(relay.home, 'token'), 'utf8')).toBe(before);
    expect((await askPeople('invite', { mine: true }, place)).person).toBe('bert');
  });

  it('may once it is granted, and no longer', async () => {
    const relay = await start();
    const bert = await joined(relay, 'bert');
    const owner = { url: relay.url, token: relay.token };
    await askPeople('grant', { person: 'bert', add: ['administer'] }, owner);
    expect((await askPeople('devices', {}, { url: bert.url, device: bert })).devices).toHaveLength(1);
    await askPeople('grant', { person: 'bert', remove: ['administer'] }, owner);
    expect(await codeOf(askPeople('devices', {}, { url: bert.url, device: bert }))).toBe('unknown_verb');
  });
});
