import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LiveRelay, liveRelay } from '../support/live-relay.ts';
import { ask, bearer } from '../support/raw-http.ts';

let relay: LiveRelay;
const clients: Client[] = [];
beforeEach(async () => {
  relay = await liveRelay();
});
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
  await relay.stop();
});

type Era = 'legacy' | 'modern';

async function connect(era: Era, query = '', headers: Record<string, string> = {}): Promise<Client> {
  const url = new URL(`http://127.0.0.1:${relay.port}/mcp${query}`);
  const transport = new StreamableHTTPClientTransport(url, {
    requestInit: { headers: { ...bearer(relay.token), ...headers } },
  });
  const mode = era === 'legacy' ? ('legacy' as const) : { pin: '2026-07-28' };
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } });
  clients.push(client);
  await client.connect(transport);
  return client;
}

async function call(
  client: Client,
  name: string,
  args: Record<string, unknown> = {},
): Promise<{ text: string; isError: boolean }> {
  const result = await client.callTool({ name, arguments: args });
  const [first] = result.content as { type: string; text: string }[];
  return { text: first?.text ?? '', isError: result.isError === true };
}

const statesOf = async (id: string, as: string) => {
  const { json } = await relay.verb('receipts', { id }, as);
  return (json as { recipients: { name: string; state: string }[] }).recipients.map(
    ({ name, state }) => `${name} ${state}`,
  );
};

describe.each<Era>(['legacy', 'modern'])('/mcp in the %s era', (era) => {
  it('lists the same tools as the session process', async () => {
    const client = await connect(era, '?as=CC-1');
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['relay_send', 'relay_receive', 'relay_peers', 'relay_status']),
    );
  });

  it('sends and receives, with receipts up to seen', async () => {
    const [a, b] = [await connect(era, '?as=CC-1'), await connect(era, '?as=CC-2')];
    await call(b, 'relay_status');
    expect(await call(a, 'relay_send', { to: 'CC-2', message: 'hello over there' })).toMatchObject({ isError: false });
    const { json } = await relay.verb('receipts', {}, 'CC-1');
    const [{ id }] = (json as { sends: [{ id: string }] }).sends;
    expect(await statesOf(id, 'CC-1')).toEqual(['CC-2 stored']);
    expect((await call(b, 'relay_receive')).text).toContain('hello over there');
    await expect.poll(() => statesOf(id, 'CC-1')).toEqual(['CC-2 handed']);
    await call(b, 'relay_status');
    await expect.poll(() => statesOf(id, 'CC-1')).toEqual(['CC-2 seen']);
    expect((await call(b, 'relay_receive')).text).not.toContain('hello over there');
  });

  it('waits for a message', async () => {
    const b = await connect(era, '?as=CC-2');
    await call(b, 'relay_status');
    const waiting = call(b, 'relay_receive', { wait_seconds: 20 });
    await relay.verb('send', { to: 'CC-2', body: 'at last' }, 'CC-1');
    expect((await waiting).text).toContain('at last');
  });

  it('answers a question that is asked with wait_reply_seconds', async () => {
    const [a, b] = [await connect(era, '?as=CC-1'), await connect(era, '?as=CC-2')];
    await call(b, 'relay_status');
    const asked = call(a, 'relay_send', { to: 'CC-2', message: 'which port?', wait_reply_seconds: 20 });
    const got = await relay.verb('receive', { wait_seconds: 20 }, 'CC-2');
    const [{ id }] = (got.json as { messages: [{ id: string }] }).messages;
    await relay.verb('send', { reply_to: id, body: 'port 7' }, 'CC-2');
    expect((await asked).text).toContain('port 7');
  });

  it('gives again what was in an answer that nobody read', async () => {
    const b = await connect(era, '?as=CC-2');
    await call(b, 'relay_status');
    const stop = new AbortController();
    const before = relay.relay.counts().performing;
    const waiting = b.callTool({ name: 'relay_receive', arguments: { wait_seconds: 30 } }, { signal: stop.signal });
    const ended = waiting.catch(() => undefined);
    await expect.poll(() => relay.relay.counts().performing).toBe(before);
    stop.abort();
    await ended;
    await relay.verb('send', { to: 'CC-2', body: 'not to be lost' }, 'CC-1');
    expect((await call(b, 'relay_receive', { wait_seconds: 5 })).text).toContain('not to be lost');
  });

  it('goes by the header as well, and makes the name a session', async () => {
    const client = await connect(era, '', { 'relay-as': 'HEADER-1' });
    expect((await call(client, 'relay_status')).text).toContain('HEADER-1');
    const { json } = await relay.verb('sessions');
    expect(json).toMatchObject({ sessions: [{ name: 'HEADER-1', kind: 'agent', here: false }] });
  });

  it('shares one name among those that give none, and says so once', async () => {
    const client = await connect(era);
    const first = await call(client, 'relay_status');
    expect(first.text).toContain('You gave no name, so you are MCP');
    expect((await call(client, 'relay_status')).text).not.toContain('You gave no name');
  });

  it('refuses a name that has a key to whoever does not give it', async () => {
    const holder = await relay.client('CC-1');
    const key = String(holder.of('welcome')[0]?.['key']);
    await expect(connect(era, '?as=CC-1')).rejects.toThrow();
    await expect(connect(era, '?as=CC-1', { 'relay-key': 'wrong' })).rejects.toThrow();
    const client = await connect(era, '?as=CC-1', { 'relay-key': key });
    expect((await call(client, 'relay_status')).text).toContain('CC-1');
  });

  it('keeps its name through a rename', async () => {
    const client = await connect(era, '?as=CC-1');
    await call(client, 'relay_rename', { to: 'CC-9' });
    expect((await call(client, 'relay_status')).text).toContain('CC-9');
  });

  it('reads the inbox as a resource, which marks nothing', async () => {
    const client = await connect(era, '?as=CC-2');
    await call(client, 'relay_status');
    const sent = await relay.verb('send', { to: 'CC-2', body: 'look at me' }, 'CC-1');
    const read = await client.readResource({ uri: 'relay://inbox' });
    expect(JSON.stringify(read)).toContain('look at me');
    expect(await statesOf((sent.json as { id: string }).id, 'CC-1')).toEqual(['CC-2 stored']);
  });

  it('leaves no listener behind when its calls are over', async () => {
    const client = await connect(era, '?as=CC-1');
    for (let count = 0; count < 5; count += 1) await call(client, 'relay_status');
    await client.close();
    await expect.poll(() => relay.relay.counts().performing).toBe(0);
  });
});

describe('/mcp', () => {
  const post = (path: string, body: string, headers: Record<string, string> = {}) =>
    ask({
      port: relay.port,
      method: 'POST',
      path,
      headers: {
        ...bearer(relay.token),
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        ...headers,
      },
      body,
    });
  const ping = '{"jsonrpc":"2.0","id":1,"method":"ping"}';

  it('tells who subscribed to the inbox that mail came, in the modern era', async () => {
    const client = await connect('modern', '?as=CC-2');
    await call(client, 'relay_status');
    const updated = new Promise((resolve) =>
      client.setNotificationHandler('notifications/resources/updated', ({ params }) => resolve(params.uri)),
    );
    await client.listen({ resourceSubscriptions: ['relay://inbox'] });
    await relay.verb('send', { to: 'CC-2', body: 'news' }, 'CC-1');
    expect(await updated).toBe('relay://inbox');
  });

  it('wants the token like every other path', async () => {
    const answer = await ask({ port: relay.port, method: 'POST', path: '/mcp', body: ping });
    expect(answer.status).toBe(401);
  });

  it('says 409 to whoever speaks as a name with a key and does not give it', async () => {
    await relay.client('CC-1');
    const answer = await post('/mcp?as=CC-1', ping);
    expect([answer.status, JSON.parse(answer.body).error.code]).toEqual([409, 'name_taken']);
  });

  it.each(['/mcp?as=not%20a%20name', '/mcp?as=all', '/mcp?as='])('refuses %s with a code', async (path) => {
    const answer = await post(path, ping);
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body).error.code).toMatch(/^name_/);
  });

  it('refuses a body that is too large', async () => {
    const answer = await post('/mcp?as=A', 'x'.repeat(300_000));
    expect([answer.status, JSON.parse(answer.body).error.code]).toEqual([413, 'too_large']);
  });

  it('answers what is not JSON with a parse error of the protocol', async () => {
    const answer = await post('/mcp?as=A', '{"jsonrpc"');
    expect([answer.status, JSON.parse(answer.body).error.code]).toEqual([400, -32700]);
  });

  const named = (id: string) => `{"jsonrpc":"2.0","id":"${id}","method":"ping"}`;
  it.each([
    ['an id', named],
    ['the id of one of several', (id: string) => `[${ping},${named(id)}]`],
    ['a progress token', (token: string) => ping.replace('}', `,"params":{"_meta":{"progressToken":"${token}"}}}`)],
  ])('refuses %s of more than 128 characters, and does not repeat it', async (_what, said) => {
    const refused = await post('/mcp?as=A', said('x'.repeat(129)));
    expect([refused.status, JSON.parse(refused.body)]).toEqual([
      400,
      { jsonrpc: '2.0', id: null, error: { code: -32600, message: expect.stringContaining('at most 128') } },
    ]);
    const taken = await post('/mcp?as=A', said('x'.repeat(128)));
    expect([taken.status, taken.body]).toEqual([200, expect.stringContaining('"result":{}')]);
  });

  it('answers a ping', async () => {
    const answer = await post('/mcp?as=A', ping);
    expect(answer.status).toBe(200);
    expect(answer.body).toContain('"result":{}');
  });

  it('is let go by the relay when that stops, with a stream open', async () => {
    const client = await connect('modern', '?as=CC-2');
    await client.listen({ resourceSubscriptions: ['relay://inbox'] });
    const started = performance.now();
    await relay.end();
    expect(performance.now() - started).toBeLessThan(2_500);
  });
});
