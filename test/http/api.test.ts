import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CODES, type Code, RelayError } from '../../src/protocol/codes.ts';
import { LIMITS } from '../../src/protocol/limits.ts';
import { untilAborted } from '../support/fake-relay.ts';
import { type HttpRig, httpRig, TOKEN } from '../support/http-rig.ts';
import { type Answered, type Asking, ask, bearer, exchange } from '../support/raw-http.ts';

let rig: HttpRig;
beforeAll(async () => {
  rig = await httpRig();
});
afterAll(() => rig.stop());
beforeEach(() => {
  rig.relay.asked.length = 0;
  rig.relay.answer = ({ verb, args, caller }) => ({ verb, args, caller });
  rig.relay.ready = true;
});

const post = (path: string, more: Partial<Asking> = {}): Promise<Answered> =>
  ask({ port: rig.port, method: 'POST', path, ...more, headers: { ...bearer(TOKEN), ...more.headers } });

describe('POST /v1/<verb>', () => {
  it('performs the verb with its arguments and answers the result', async () => {
    rig.relay.answer = () => ({ id: 'm1', position: 7 });
    const answer = await post('/v1/send', { body: '{"to":"CC-2","body":"hi"}', headers: { 'relay-as': 'CC-1' } });
    expect([answer.status, JSON.parse(answer.body)]).toEqual([200, { id: 'm1', position: 7 }]);
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
    expect(rig.relay.asked).toMatchObject([
      { verb: 'send', args: { to: 'CC-2', body: 'hi' }, caller: { name: 'CC-1' } },
    ]);
  });

  it('says who acts as the headers say it', async () => {
    const headers = { 'relay-as': 'CC-1', 'relay-key': 'k', 'relay-kind': 'person' };
    await post('/v1/status', { headers });
    await post('/v1/status');
    const identity = { person: 1 };
    expect(rig.relay.asked.map(({ caller }) => caller)).toEqual([
      { identity, name: 'CC-1', key: 'k', kind: 'person' },
      { identity },
    ]);
  });

  it.each([
    ['nothing', undefined],
    ['empty text', ''],
    ['spaces', ' \n'],
  ])('takes %s for no arguments', async (_what, body) => {
    const answer = await post('/v1/status', body === undefined ? {} : { body });
    expect(answer.status).toBe(200);
    expect(rig.relay.asked[0]?.args).toEqual({});
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=utf-8', ''])(
    'reads JSON whatever its type is called: "%s"',
    async (type) => {
      await post('/v1/send', { body: '{"a":1}', headers: { 'content-type': type } });
      expect(rig.relay.asked[0]?.args).toEqual({ a: 1 });
    },
  );

  it.each(['{', 'hello', '{"a":}', "{'a':1}", '\u0000'])('refuses %j as arguments', async (body) => {
    const answer = await post('/v1/send', { body });
    expect([answer.status, JSON.parse(answer.body).error.code]).toEqual([400, 'bad_request']);
    expect(rig.relay.asked).toEqual([]);
  });

  it.each([
    [{ 'relay-as': 'not a name' }, 'name_invalid'],
    [{ 'relay-as': 'All' }, 'name_reserved'],
    [{ 'relay-as': '' }, 'name_invalid'],
    [{ 'relay-as': 'x'.repeat(65) }, 'name_invalid'],
    [{ 'relay-kind': 'admin' }, 'bad_request'],
  ])('refuses the headers %j with %s', async (headers, code) => {
    const answer = await post('/v1/status', { headers });
    expect([answer.status, JSON.parse(answer.body).error.code]).toEqual([400, code]);
    expect(rig.relay.asked).toEqual([]);
  });

  it.each(Object.keys(CODES) as Code[])('carries %s with its status', async (code) => {
    rig.relay.answer = () => {
      throw new RelayError(code, 'Exactly this.');
    };
    const answer = await post('/v1/send');
    expect(answer.status).toBe(CODES[code].status);
    expect(JSON.parse(answer.body)).toEqual({ error: { code, message: 'Exactly this.', retry: CODES[code].retry } });
  });

  it('answers what nobody foresaw without its text, and logs it', async () => {
    rig.relay.answer = () => {
      throw new TypeError('secret detail');
    };
    const answer = await post('/v1/send');
    expect(answer.status).toBe(500);
    expect(answer.body).not.toContain('secret detail');
    expect(rig.log.lines.at(-1)).toMatchObject({ level: 'error', fields: { path: '/v1/send' } });
  });

  it.each(['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])('wants POST, not %s', async (method) => {
    const answer = await ask({ port: rig.port, method, path: '/v1/send', headers: bearer(TOKEN) });
    expect([answer.status, answer.headers.allow]).toEqual([405, 'POST']);
    expect(rig.relay.asked).toEqual([]);
  });

  it('lets no page of another origin read an answer', async () => {
    const answer = await post('/v1/status', { headers: { origin: `http://localhost:${rig.port}` } });
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  it('ends a wait when the caller goes away', async () => {
    let signal: AbortSignal | undefined;
    rig.relay.answer = (asked) => {
      signal = asked.signal;
      return untilAborted(asked);
    };
    const gone = new AbortController();
    const came = rig.relay.nextAsked();
    const answer = post('/v1/receive', { body: '{"wait_seconds":30}', signal: gone.signal }).catch(() => 'gone');
    await came;
    expect(signal?.aborted).toBe(false);
    gone.abort();
    expect(await answer).toBe('gone');
    await expect.poll(() => signal?.aborted).toBe(true);
  });

  it('leaves the signal alone when the answer was given', async () => {
    await post('/v1/status');
    expect(rig.relay.asked[0]?.signal?.aborted).toBe(false);
  });
});

describe('the size of a body', () => {
  const body = (bytes: number) => `{"a":"${'x'.repeat(bytes - 8)}"}`;

  it('may be the limit exactly', async () => {
    expect((await post('/v1/send', { body: body(LIMITS.frameBytes) })).status).toBe(200);
  });

  it.each([
    ['that says its size', { 'content-length': `${LIMITS.frameBytes + 1}` }],
    ['that does not say its size', { 'transfer-encoding': 'chunked' }],
  ])('may not be one more, in a body %s', async (_what, headers) => {
    const answer = await post('/v1/send', { body: body(LIMITS.frameBytes + 1), headers });
    expect([answer.status, JSON.parse(answer.body).error.code]).toEqual([413, 'too_large']);
    expect(rig.relay.asked).toEqual([]);
  });

  it('is counted in bytes', async () => {
    const answer = await post('/v1/send', { body: `{"a":"${'€'.repeat(LIMITS.frameBytes / 3 + 1)}"}` });
    expect(answer.status).toBe(413);
  });

  it('is refused by its word, before it has come', async () => {
    const head = `POST /v1/send HTTP/1.1\r\nHost: localhost:${rig.port}\r\nAuthorization: Bearer ${TOKEN}\r\nConnection: close\r\n`;
    expect(await exchange(rig.port, `${head}Content-Length: 999999999\r\n\r\n`)).toMatch(/^HTTP\/1\.1 413/);
  });
});

describe('other paths', () => {
  it.each(['/', '/v1', '/v1/', '/v1/send/more', '/v2/send', '/favicon.ico', '/../etc/passwd', '/%2e%2e/token'])(
    'answers %s with 404 as JSON',
    async (path) => {
      const answer = await post(path);
      expect(answer.status).toBe(404);
      expect(JSON.parse(answer.body).error.message).toContain('/v1/<verb>');
      expect(rig.relay.asked).toEqual([]);
    },
  );

  it('says that it is ready, and that it is not', async () => {
    const ready = () => ask({ port: rig.port, path: '/readyz', headers: bearer(TOKEN) });
    expect(await ready()).toMatchObject({ status: 200, body: 'ok\n' });
    rig.relay.ready = false;
    const answer = await ready();
    expect([answer.status, JSON.parse(answer.body).error.code]).toEqual([503, 'storage_failed']);
    expect((await ask({ port: rig.port, path: '/healthz' })).status).toBe(200);
  });
});

describe('/metrics', () => {
  const metrics = async () => (await ask({ port: rig.port, path: '/metrics', headers: bearer(TOKEN) })).body;

  it('tells the gauges and the counters of the relay as they are now', async () => {
    rig.relay.gauges = { connections: 2, unsentBytes: 17 };
    rig.relay.counters.set('sends', 5).set('send.refused', 1);
    const first = await metrics();
    for (const line of [
      'claude_relay_connections 2',
      'claude_relay_unsent_bytes 17',
      'claude_relay_sends_total 5',
      'claude_relay_send_refused_total 1',
    ]) {
      expect(first.split('\n')).toContain(line);
    }
    expect(first).toContain('# TYPE claude_relay_sends_total counter');
    expect(first).toContain('# TYPE claude_relay_connections gauge');
    rig.relay.gauges = { connections: 1, unsentBytes: 0 };
    rig.relay.counters.set('sends', 6);
    const second = (await metrics()).split('\n');
    for (const line of ['claude_relay_connections 1', 'claude_relay_unsent_bytes 0', 'claude_relay_sends_total 6'])
      expect(second).toContain(line);
  });

  it('tells of the process', async () => {
    const text = await metrics();
    for (const name of ['nodejs_eventloop_lag_seconds', 'process_resident_memory_bytes']) expect(text).toContain(name);
  });
});
