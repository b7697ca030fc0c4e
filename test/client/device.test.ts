/** A relay that is not the one that was joined gets nothing from us, and a hostile one cannot hurt. */
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { authorization, challenged, pinned } from '../../src/client/device.ts';
import { once } from '../../src/client/once.ts';
import { connectWebSocket } from '../../src/client/socket.ts';
import type { Device } from '../../src/config/device.ts';
import { challengeText } from '../../src/protocol/proof.ts';
import { selfSigned } from '../../src/util/certificate.ts';
import { fingerprintOf, newKey, newServerKey, pemOf, publicKeyOf, sign } from '../../src/util/signing.ts';
import { codeOf } from '../relay/kit.ts';

const URL_ = new URL('wss://relay.example');
const NONCE = 'abc.def.ghi';
const [ours, other] = [newServerKey(), newServerKey()];

function deviceAt(url: string, key = ours): Device {
  const certificate = selfSigned(key, Buffer.from('abc'));
  return { id: 'd1', person: 'bert', url, relay: fingerprintOf(publicKeyOf(key)), certificate, key: pemOf(newKey()) };
}

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** Speaks TLS with that key, and counts the requests that it was sent. */
async function tlsServer(key = other, answer = '{}') {
  let requests = 0;
  const cert = selfSigned(key, Buffer.from('abc'));
  const server = createServer({ key: pemOf(key), cert }, (_request, response) => {
    requests += 1;
    response.end(answer);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(
    () => server.closeAllConnections(),
    () => server.close(),
  );
  return { url: `wss://127.0.0.1:${(server.address() as AddressInfo).port}`, cert, requests: () => requests };
}

describe('a challenge', () => {
  const relay = fingerprintOf(publicKeyOf(ours));
  const answering = (change: (nonce: string) => object) => async (_path: string, body: object) =>
    JSON.stringify(change((body as { nonce: string }).nonce));
  const right = (nonce: string, key = ours, signed = NONCE) => ({
    nonce: NONCE,
    key: publicKeyOf(key),
    signature: sign(key, challengeText(nonce, signed)),
  });

  it('is believed when the relay that was joined has signed it', async () => {
    expect(
      await challenged(
        URL_,
        relay,
        answering((nonce) => right(nonce)),
      ),
    ).toBe(NONCE);
  });

  it.each<[string, (nonce: string) => object]>([
    ['of another relay', (nonce) => right(nonce, other)],
    ['for somebody else’s nonce', () => right('another-nonce-0123')],
    ['over another nonce', (nonce) => right(nonce, ours, 'xyz')],
    ['with another relay’s signature', (nonce) => ({ ...right(nonce), signature: right(nonce, other).signature })],
    ['that would break a header', (nonce) => ({ ...right(nonce, ours, 'a\r\nb'), nonce: 'a\r\nb' })],
    ['without a signature', (nonce) => ({ ...right(nonce), signature: undefined })],
    ['that is nothing', () => []],
  ])('is refused %s, and nothing is signed', async (_, change) => {
    expect(await codeOf(challenged(URL_, relay, answering(change)))).toBe('unauthorized');
    const request = { method: 'GET', path: '/' };
    expect(await codeOf(authorization(URL_, { device: deviceAt('ws://x') }, request, answering(change)))).toBe(
      'unauthorized',
    );
  });
});

describe('a pinned certificate', () => {
  it('is believed by its key, whatever name it has', async () => {
    const server = await tlsServer(ours);
    const device = { ...deviceAt(server.url), certificate: server.cert };
    expect(await codeOf(once('status', {}, { url: server.url, device }))).toBe('unauthorized');
    expect(server.requests()).toBe(1);
  });

  it.each(['once', 'socket'])('of another key ends it before anything is sent (%s)', async (how) => {
    const server = await tlsServer();
    const device = deviceAt(server.url);
    const asked =
      how === 'once' ? once('status', {}, { url: server.url, device }) : connectWebSocket({ url: server.url, device });
    expect(await codeOf(asked)).toBe('not_connected');
    expect(server.requests()).toBe(0);
  });

  it('that was swapped in the file is held against the fingerprint', async () => {
    const server = await tlsServer();
    const device = { ...deviceAt(server.url), certificate: server.cert };
    expect(await codeOf(once('status', {}, { url: server.url, device }))).toBe('not_connected');
    expect(server.requests()).toBe(0);
    expect(pinned(undefined)).toEqual({});
  });
});
