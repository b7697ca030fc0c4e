/** What `library.test.ts` does not compare: where we are stricter or kinder than the library, and what comes unasked. */
import { describe, expect, it } from 'vitest';
import { idOf, messageOf } from '../../src/mcp/jsonrpc.ts';
import { META } from '../../src/mcp/revisions.ts';
import { fieldsOf } from '../../src/util/fields.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { envelope } from './fake-session.ts';
import { type RawClient, raw, serve } from './harness.ts';

const _meta = {
  [META.revision]: '2026-07-28',
  [META.client]: { name: 'raw', version: '1' },
  [META.capabilities]: {},
};
const INBOX = 'relay://inbox';

function listen(client: RawClient, id: number, ...uris: string[]): void {
  client.request(id, 'subscriptions/listen', { _meta, notifications: { resourceSubscriptions: uris } });
}

/** The methods of what came that answers nothing, and the subscription that each is for. */
function told(client: RawClient): unknown[] {
  return client.lines
    .map((line) => fieldsOf(JSON.parse(line)))
    .filter(({ method }) => method !== undefined)
    .map(({ method, params }) => [method, fieldsOf(fieldsOf(params)._meta)[META.subscription]]);
}

describe('a message', () => {
  it.each([
    [
      { jsonrpc: '2.0', id: 1, method: 'ping' },
      { kind: 'request', id: 1, method: 'ping', params: {} },
    ],
    [
      { jsonrpc: '2.0', id: '', method: '', params: { a: 1 } },
      { kind: 'request', id: '', method: '', params: { a: 1 } },
    ],
    [
      { jsonrpc: '2.0', method: 'x', other: 1 },
      { kind: 'notification', method: 'x', params: {} },
    ],
    [{ jsonrpc: '2.0', id: 1, result: {} }, { kind: 'answer' }],
    [{ jsonrpc: '2.0', id: null, error: { code: 1, message: 'x' } }, { kind: 'answer' }],
    [{ jsonrpc: '2.0', id: 1 }, undefined],
    [{ jsonrpc: '2.0', id: null, method: 'x' }, undefined],
    [{ jsonrpc: '2.0', id: 1.5, method: 'x' }, undefined],
    [{ jsonrpc: '2.0', id: 2 ** 53, method: 'x' }, undefined],
    [{ jsonrpc: '2.0', id: [1], method: 'x' }, undefined],
    [{ jsonrpc: '2.0', id: 1, method: 'x', params: [1] }, undefined],
    [{ jsonrpc: '2.0', id: 1, method: 'x', params: null }, undefined],
    [{ jsonrpc: 2, id: 1, method: 'x' }, undefined],
    [['jsonrpc'], undefined],
    ['x', undefined],
    [null, undefined],
  ])('%j is read as %j', (value, message) => {
    expect(messageOf(value)).toEqual(message);
  });

  it.each([
    [{ id: 7 }, 7],
    [{ id: 'x' }, 'x'],
    [{ id: {} }, null],
    [[], null],
    [undefined, null],
  ])('%j has the id %j, whether or not it is one', (value, id) => {
    expect(idOf(value)).toBe(id);
  });
});

describe('the era of a connection', () => {
  it('is not decided by a notification', async () => {
    const client = raw();
    client.write({ jsonrpc: '2.0', method: 'notifications/initialized' });
    client.request(1, 'tools/list', { _meta });
    expect(await client.answer(1)).toHaveProperty('result.resultType', 'complete');
  });

  it('once modern, refuses a revision that nobody knows, and says which are known', async () => {
    const client = raw();
    client.request(1, 'tools/list', { _meta });
    client.request(2, 'tools/list', { _meta: { ..._meta, [META.revision]: '2030-01-01' } });
    expect(await client.answer(2)).toMatchObject({
      error: { code: -32_022, data: { supported: ['2026-07-28'], requested: '2030-01-01' } },
    });
    client.request(3, 'initialize', {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: 'x', version: '1' },
    });
    expect(await client.answer(3)).toMatchObject({ error: { code: -32_022, data: { requested: '2025-11-25' } } });
  });

  it.each([
    [{}, META.revision, 'missing'],
    [{ [META.revision]: '2026-07-28' }, META.capabilities, 'missing'],
    [{ ..._meta, [META.client]: { name: 'x' } }, META.client, 'must have a name and a version'],
    [{ ..._meta, progressToken: {} }, 'progressToken', 'must be text or a whole number'],
  ])('once modern, says what is wrong with the envelope %j', async (wrong, key, problem) => {
    const client = raw();
    client.request(1, 'tools/list', { _meta });
    client.request(2, 'tools/list', { _meta: wrong });
    expect(await client.answer(2)).toMatchObject({
      error: {
        code: -32_602,
        message: `Invalid _meta envelope: ${key}: ${problem}`,
        data: { envelope: { key, problem } },
      },
    });
  });
});

describe('parameters', () => {
  it.each([
    ['initialize', {}, 'params.protocolVersion must be text.'],
    ['initialize', { protocolVersion: '2025-11-25' }, 'params.capabilities must be an object.'],
    [
      'initialize',
      { protocolVersion: '2025-11-25', capabilities: {} },
      'params.clientInfo must have a name and a version.',
    ],
    ['tools/call', {}, 'params.name must be text.'],
    ['resources/read', { uri: 7 }, 'params.uri must be text.'],
  ])('of %s as %j: it says what is wrong with them', async (method, params, message) => {
    const client = raw();
    client.request(1, method, params);
    expect(await client.answer(1)).toMatchObject({ error: { code: -32_602, message } });
  });

  it('of a tool are its own affair: whatever they are, the model is told', async () => {
    const client = raw();
    client.request(1, 'tools/call', { name: 'relay_send', arguments: 'all' });
    expect(await client.answer(1)).toMatchObject({ result: { isError: true } });
  });
});

describe('what goes wrong within', () => {
  it('is logged, and the program is told nothing but that', async () => {
    const client = raw();
    client.served.host.session.called = () => {
      throw new Error('the secret is 7');
    };
    client.request(1, 'tools/call', { name: 'relay_status' });
    expect(await client.answer(1)).toEqual({
      jsonrpc: '2.0',
      id: 1,
      error: { code: -32_603, message: 'Internal error' },
    });
    expect(client.served.process.logged.join()).toMatch(/the secret is 7/);
  });
});

describe('what a modern program is told of by itself', () => {
  it('is what it listens to, under the id of each request, until that is cancelled', async () => {
    const client = raw();
    listen(client, 1, INBOX);
    listen(client, 2, INBOX, 'relay://other');
    listen(client, 3, 'relay://other');
    await settle();
    client.served.host.session.wake();
    client.write({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } });
    await settle();
    client.served.host.session.wake();
    await settle();
    const [acknowledged, updated] = ['subscriptions/acknowledged', 'resources/updated'].map(
      (name) => `notifications/${name}`,
    );
    expect(told(client)).toEqual([
      [acknowledged, 1],
      [acknowledged, 2],
      [acknowledged, 3],
      [updated, 1],
      [updated, 2],
      [updated, 2],
    ]);
  });

  it('ends with an answer to each request that is open', async () => {
    const client = raw();
    listen(client, 1, INBOX);
    listen(client, 2, INBOX);
    client.write({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } });
    await settle();
    client.served.process.signal();
    await client.served.over;
    await settle();
    const last = fieldsOf(JSON.parse(client.lines.at(-1) ?? ''));
    expect(last).toEqual({
      jsonrpc: '2.0',
      id: 2,
      result: {
        resultType: 'complete',
        _meta: { [META.subscription]: 2, [META.server]: { name: 'claude-relay', version: '0.0.0' } },
      },
    });
    expect(client.lines).toHaveLength(3);
  });

  it('keeps nothing waiting at the end of stdin', async () => {
    const client = raw(serve(new FakeClock()));
    listen(client, 1, INBOX);
    await settle();
    client.served.process.stdin.end();
    // The clock stands still: whatever waits for a second would wait for ever.
    await client.served.over;
  });

  it('is nothing else: it has no channel, and is not told through one', async () => {
    const client = raw();
    const { host } = client.served;
    host.onServer = () => {
      throw new Error('there is no such way');
    };
    client.request(1, 'tools/list', { _meta });
    expect(await client.answer(1)).toHaveProperty('result.tools');
  });

  it('has a limit, and one beyond is refused', async () => {
    const client = raw();
    for (let id = 1; id <= 1_024; id++) listen(client, id, INBOX);
    listen(client, 2_000, INBOX);
    expect(await client.answer(2_000)).toMatchObject({ error: { message: 'Subscription limit reached' } });
    client.write({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 5 } });
    listen(client, 2_001, INBOX);
    await settle();
    expect(told(client).at(-1)).toEqual(['notifications/subscriptions/acknowledged', 2_001]);
  });
});

describe('what a program of the era before is told of by itself', () => {
  it('goes through the way that its host was given, as long as it lives', async () => {
    const served = serve();
    let notify = (_method: string, _params: Readonly<Record<string, unknown>>): void => undefined;
    let stopped = 0;
    served.host.onServer = (given) => {
      notify = given;
      return () => {
        stopped += 1;
      };
    };
    const client = raw(served);
    await client.initialize();
    await client.initialize(2);
    notify('notifications/claude/channel', { content: 'x' });
    await settle();
    expect(told(client)).toEqual([['notifications/claude/channel', undefined]]);
    served.process.signal();
    served.process.signal();
    await served.over;
    notify('notifications/claude/channel', { content: 'late' });
    await settle();
    expect(told(client)).toHaveLength(1);
    expect(stopped).toBe(1);
  });
});

describe('what a tool call says beside its parameters', () => {
  it.each([
    ['initialize', { 'x.example/own': 1, progressToken: 'p' }, { 'x.example/own': 1, progressToken: 'p' }],
    ['tools/list', { ..._meta, [META.logLevel]: 'info', 'x.example/own': 1 }, { 'x.example/own': 1 }],
  ])('is told without what is the protocol’s own, after %s', async (first, said, seen) => {
    const metas: unknown[] = [];
    const client = raw(serve(undefined, (meta) => metas.push(meta)));
    if (first === 'initialize') await client.initialize();
    client.request(1, 'tools/call', { name: 'relay_receive', _meta: said });
    await client.answer(1);
    expect(metas).toEqual([seen]);
  });
});

describe('a program that asks how work goes on', () => {
  it.each([
    ['p', 2],
    [7, 2],
    [{ a: 1 }, 0],
    [undefined, 0],
  ])('by the token %j hears of it %i times', async (progressToken, times) => {
    const clock = new FakeClock();
    const client = raw(serve(clock));
    const { session } = client.served.host;
    await client.initialize();
    client.request(1, 'tools/call', {
      name: 'relay_receive',
      arguments: { wait_seconds: 45 },
      _meta: { progressToken },
    });
    while (session.watching < 2) await settle(1);
    await clock.advance(30_000);
    session.deliver(envelope({ position: 1 }));
    await client.answer(1);
    const heard = client.lines.map((line) => fieldsOf(JSON.parse(line))).filter(({ method }) => method !== undefined);
    expect(heard.map(({ params }) => fieldsOf(params).progressToken)).toEqual(Array(times).fill(progressToken));
  });
});

describe('two requests of one id', () => {
  it('are both answered, and the end of the first leaves the second to be cancelled', async () => {
    const client = raw();
    const { session } = client.served.host;
    let go = () => {};
    session.gate = new Promise((resolve) => {
      go = resolve;
    });
    await client.initialize();
    client.request(1, 'tools/call', { name: 'relay_receive', arguments: {} });
    await settle();
    session.gate = Promise.resolve();
    client.request(1, 'tools/call', { name: 'relay_receive', arguments: { wait_seconds: 50 } });
    while (session.watching < 2) await settle(1);
    go();
    await client.answer(1);
    client.write({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } });
    while (session.watching > 1) await settle(1);
    expect(client.lines).toHaveLength(2);
  });

  it('are both answered, and the first is no business of the second', async () => {
    const client = raw();
    const { session } = client.served.host;
    await client.initialize();
    client.request(1, 'tools/call', { name: 'relay_receive', arguments: { wait_seconds: 50 } });
    while (session.watching < 2) await settle(1);
    client.request(1, 'tools/call', { name: 'relay_receive', arguments: {} });
    await settle();
    expect(client.lines).toHaveLength(2);
    session.deliver(envelope({ position: 1 }));
    while (client.lines.length < 3) await settle(1);
    await settle();
    expect(session.handedPositions).toEqual([1]);
    expect(client.lines.map((line) => fieldsOf(JSON.parse(line)).id)).toEqual([0, 1, 1]);
  });
});
