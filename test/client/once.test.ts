import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { beforeEach, describe, expect, it } from 'vitest';
import { once } from '../../src/client/once.ts';
import { type Code, RelayError } from '../../src/protocol/codes.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { freePort, hasIPv6, serve } from './http-server.ts';

interface Seen {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}
let seen: Seen[];
beforeEach(() => {
  seen = [];
});

const answering =
  (reply: (response: ServerResponse) => void): RequestListener =>
  async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    seen.push({ method: request.method, url: request.url, headers: request.headers, body });
    reply(response);
  };
const json = (status: number, value: unknown) =>
  answering((response) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value)),
  );
const withCode = (code: Code) => expect.objectContaining({ code });

describe('one verb over HTTP', () => {
  it('is posted with who acts, its key and kind, and the token', async () => {
    const { port } = await serve(json(200, { id: 'm1', position: 4 }));
    const options = { url: `ws://127.0.0.1:${port}`, token: 't', as: 'CC-1', key: 'k', kind: 'person' } as const;
    expect(await once('send', { to: ['B'], body: 'grüße' }, options)).toEqual({ id: 'm1', position: 4 });
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({ method: 'POST', url: '/v1/send', body: '{"to":["B"],"body":"grüße"}' });
    expect(seen[0]?.headers).toMatchObject({
      authorization: 'Bearer t',
      'relay-as': 'CC-1',
      'relay-key': 'k',
      'relay-kind': 'person',
      'content-type': 'application/json',
      'content-length': '29',
    });
  });

  it('says nothing that it was not given', async () => {
    const { port } = await serve(json(200, { peers: [], more: 0 }));
    await once('peers', {}, { url: `http://127.0.0.1:${port}` });
    for (const header of ['authorization', 'relay-as', 'relay-key', 'relay-kind']) {
      expect(seen[0]?.headers).not.toHaveProperty(header);
    }
  });

  const errors: readonly [number, unknown, Code, RegExp][] = [
    [404, { error: { code: 'unknown_recipient', message: 'Nobody is called X.' } }, 'unknown_recipient', /called X/],
    [401, { error: { code: 'unauthorized', message: 'x' } }, 'unauthorized', /RELAY_TOKEN/],
    [409, { error: { code: 'name_taken', message: 'Taken.' } }, 'name_taken', /Taken/],
    [400, 'nonsense', 'not_connected', /not a relay/],
    [302, {}, 'not_connected', /not a relay/],
    [204, {}, 'not_connected', /not a relay/],
  ];
  it.each(errors)('answered with %i %j is an error with a code', async (status, body, code, message) => {
    const { port } = await serve(json(status, body));
    const request = once('peers', {}, { url: `ws://127.0.0.1:${port}` });
    await expect(request).rejects.toEqual(withCode(code));
    await expect(request).rejects.toThrow(message);
  });

  it.each(['hello', '5', '"x"', 'null'])('answered with 200 and %s was not answered by a relay', async (text) => {
    const { port } = await serve(answering((response) => response.end(text)));
    await expect(once('peers', {}, { url: `ws://127.0.0.1:${port}` })).rejects.toEqual(withCode('not_connected'));
  });

  it('says how to start a relay when there is none', async () => {
    const url = `ws://localhost:${await freePort()}`;
    const request = once('peers', {}, { url });
    await expect(request).rejects.toEqual(withCode('not_connected'));
    await expect(request).rejects.toThrow(/ECONNREFUSED.*claude-relay serve/);
  });

  it('finds a relay that listens on ::1 only, by the name localhost', async () => {
    if (!(await hasIPv6())) return; // a machine without IPv6 cannot be asked
    const { port } = await serve(json(200, { peers: [], more: 0 }), '::1');
    expect(await once('peers', {}, { url: `ws://localhost:${port}` })).toEqual({ peers: [], more: 0 });
  });

  it('is not sent to a second address when the first took it and broke off', async () => {
    const { port } = await serve(answering((response) => response.socket?.destroy()));
    if (await hasIPv6()) await serve(json(200, {}), '::1', port);
    const request = once('send', { to: ['B'], body: 'x' }, { url: `ws://localhost:${port}` });
    await expect(request).rejects.toThrow(/not known/);
    expect(seen).toHaveLength(1);
  });

  it('that breaks off within its answer is not known to be done', async () => {
    const { port } = await serve(
      answering((response) => {
        response.writeHead(200, { 'content-length': '100' }).write('{"a":');
        setImmediate(() => response.socket?.destroy());
      }),
    );
    await expect(once('peers', {}, { url: `ws://127.0.0.1:${port}` })).rejects.toThrow(/not known/);
  });

  it.each([
    ['fifteen seconds', {}, undefined, 15_000],
    ['longer by what it may wait', { wait_seconds: 30 }, undefined, 45_000],
    ['as long as it is told', { wait_seconds: 30 }, 500, 500],
  ])('waits %s', async (_, args, timeoutMs, ms) => {
    const clock = new FakeClock();
    let arrived: () => void = () => {};
    const asked = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const { port } = await serve(() => arrived());
    const request = once('receive', args, { url: `ws://127.0.0.1:${port}`, timeoutMs, clock });
    await asked;
    expect(clock.untilNext).toBe(ms);
    clock.advance(ms);
    await expect(request).rejects.toEqual(withCode('timeout'));
  });

  it('ends with its signal, and tells the relay by hanging up', async () => {
    const end = new AbortController();
    let hungUp: () => void = () => {};
    const heard = new Promise<void>((resolve) => {
      hungUp = resolve;
    });
    const { port } = await serve((request) => {
      request.socket.once('close', hungUp);
      end.abort(new RelayError('timeout', 'I changed my mind.'));
    });
    const options = { url: `ws://127.0.0.1:${port}`, signal: end.signal };
    await expect(once('receive', { wait_seconds: 60 }, options)).rejects.toThrow('I changed my mind.');
    await heard;
    await expect(once('peers', {}, options)).rejects.toThrow('I changed my mind.');
  });

  it('refuses an address that is none', async () => {
    await expect(once('peers', {}, { url: 'ftp://x' })).rejects.toEqual(withCode('bad_request'));
  });
});
