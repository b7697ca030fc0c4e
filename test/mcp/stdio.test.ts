import { describe, expect, it } from 'vitest';
import { AfterWrite } from '../../src/mcp/written.ts';
import { systemClock } from '../../src/util/clock.ts';
import { Lines } from '../../src/util/lines.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { envelope } from './fake-session.ts';
import { FakeProcess, raw, serve, waiting } from './harness.ts';

describe('a line that is no message', () => {
  it.each([
    ['{', -32_700],
    ['hello', -32_700],
    ['{"jsonrpc":"2.0","id":1,"method":}', -32_700],
    ['\u0000\u0001', -32_700],
    ['[]', -32_600],
    ['[{"jsonrpc":"2.0","id":9,"method":"ping"}]', -32_600],
    ['7', -32_600],
    ['null', -32_600],
    ['{}', -32_600],
    ['{"jsonrpc":"1.0","method":"ping"}', -32_600],
    ['{"jsonrpc":"2.0","method":7}', -32_600],
    ['{"jsonrpc":"2.0","id":{},"method":"ping"}', -32_600],
  ])('%j is answered with %d, and the process lives on', async (line, code) => {
    const client = raw();
    client.write(line);
    expect(await client.answer(null)).toEqual({
      jsonrpc: '2.0',
      id: null,
      error: { code, message: expect.any(String) },
    });
    expect(await client.initialize(1)).toHaveProperty('result');
  });

  it('is answered by its id where it has one', async () => {
    const client = raw();
    client.write('{"jsonrpc":"2.0","id":5,"method":7}');
    expect(await client.answer(5)).toMatchObject({ error: { code: -32_600 } });
  });

  it('does no harm in the middle of a session', async () => {
    const client = raw();
    await client.initialize();
    client.write('{"broken');
    await client.answer(null);
    client.request(2, 'tools/call', { name: 'relay_receive', arguments: {} });
    expect(await client.answer(2)).toMatchObject({ result: { content: [{ type: 'text' }] } });
  });

  it('passes empty lines over', async () => {
    const client = raw();
    client.write('\n\r\n  \n');
    expect(await client.initialize(1)).toHaveProperty('result');
    expect(client.lines).toHaveLength(1);
  });
});

describe('requests without sense', () => {
  it.each([
    ['tools/call', {}],
    ['tools/call', { name: 7 }],
    ['tools/call', { name: 'nope' }],
    ['resources/read', {}],
    ['resources/read', { uri: 'file:///etc/passwd' }],
    ['resources/subscribe', { uri: 'x' }],
    ['no/such/method', {}],
    ['prompts/list', {}],
    ['logging/setLevel', { level: 'debug' }],
  ])('%s %j is answered with an error', async (method, params) => {
    const client = raw();
    await client.initialize();
    client.request(1, method, params);
    expect(await client.answer(1)).toMatchObject({ error: { code: expect.any(Number), message: expect.any(String) } });
  });

  it('a call without arguments is answered', async () => {
    const client = raw();
    await client.initialize();
    client.request(1, 'tools/call', { name: 'relay_send' });
    expect(await client.answer(1)).toMatchObject({ result: { isError: true } });
  });
});

describe('the handshake', () => {
  it('is answered again when it comes again, without harm', async () => {
    const client = raw();
    const first = await client.initialize(1);
    const second = await client.initialize(2);
    expect(second.result).toEqual(first.result);
    client.request(3, 'tools/list');
    expect(await client.answer(3)).toHaveProperty('result.tools');
  });

  it('is not needed for ping', async () => {
    const client = raw();
    client.request(1, 'ping');
    expect(await client.answer(1)).toEqual({ jsonrpc: '2.0', id: 1, result: {} });
  });

  it('may begin with a question for the modern era and go on in the legacy one', async () => {
    const client = raw();
    const _meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientInfo': { name: 'claude-code', version: '2' },
      'io.modelcontextprotocol/clientCapabilities': {},
    };
    client.request(1, 'server/discover', { _meta });
    expect(await client.answer(1)).toHaveProperty('result.supportedVersions', ['2026-07-28']);
    const again = await client.initialize(2);
    expect(again).toHaveProperty('result.protocolVersion', '2025-11-25');
    client.request(3, 'tools/call', { name: 'relay_receive', arguments: {} });
    expect(await client.answer(3)).toHaveProperty('result.content');
  });

  it.each(['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'])('speaks %s', async (protocolVersion) => {
    const client = raw();
    client.request(1, 'initialize', { protocolVersion, capabilities: {}, clientInfo: { name: 'x', version: '1' } });
    expect(await client.answer(1)).toHaveProperty('result.protocolVersion', protocolVersion);
    client.served.host.session.deliver(envelope({ position: 1 }));
    client.request(2, 'tools/call', { name: 'relay_receive', arguments: {} });
    const { result } = await client.answer(2);
    expect(Object.keys(Object(result))).toEqual(
      protocolVersion >= '2025-06-18' ? ['content', 'structuredContent'] : ['content'],
    );
  });

  it('tells once who the client is', async () => {
    const client = raw();
    await client.initialize(1);
    await client.initialize(2);
    expect(client.served.process.clients).toEqual([{ name: 'raw', version: '1' }]);
  });
});

describe('the end', () => {
  it('of stdin ends the session', async () => {
    const client = raw();
    await client.initialize();
    client.served.process.stdin.end();
    await client.served.over;
  });

  it('of stdin lets the answers under way out first', async () => {
    const client = raw();
    const { host, process, over } = client.served;
    let go = () => {};
    host.session.gate = new Promise((resolve) => {
      go = resolve;
    });
    await client.initialize();
    host.session.deliver(envelope({ position: 1 }));
    client.request(1, 'tools/call', { name: 'relay_receive', arguments: {} });
    process.stdin.end();
    await settle();
    go();
    await over;
    await settle();
    expect(await client.answer(1)).toHaveProperty('result');
    expect(host.session.handedPositions).toEqual([1]);
  });

  it('of stdin waits for them a second, not longer', async () => {
    const clock = new FakeClock();
    const client = await waiting(clock);
    client.served.process.stdin.end();
    await settle();
    await clock.advance(1_000);
    await client.served.over;
    await settle();
    expect(client.served.host.session.watching).toBe(0);
  });

  it('of stdin does not wait for what was cancelled', async () => {
    const clock = new FakeClock();
    const client = await waiting(clock);
    client.write({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } });
    client.served.process.stdin.end();
    // The clock stands still: whatever waits for the second would wait for ever.
    await client.served.over;
  });

  it('of stdin takes a last line that has no end', async () => {
    const client = raw();
    await client.initialize();
    client.served.process.stdin.write('{"jsonrpc":"2.0","id":7,"method":"ping"}');
    client.served.process.stdin.end();
    expect(await client.answer(7)).toEqual({ jsonrpc: '2.0', id: 7, result: {} });
    await client.served.over;
  });

  it('comes with a signal, and leaves no timer', async () => {
    const clock = new FakeClock();
    const client = raw(serve(clock));
    await client.initialize();
    client.served.process.signal();
    await client.served.over;
    expect(clock.pending).toBe(0);
  });

  it('is there at once where stdin has ended before', async () => {
    const process = new FakeProcess();
    process.stdin.resume().end();
    await new Promise((resolve) => process.stdin.once('end', resolve));
    const { over } = serve(systemClock, undefined, process);
    await over;
  });

  it('of stdin is one, however many words a stream has for it', async () => {
    const clock = new FakeClock();
    const client = await waiting(clock);
    client.served.process.stdin.end();
    client.served.process.stdin.emit('close');
    await settle();
    client.served.host.session.deliver(envelope({ position: 1 }));
    await client.served.over;
    expect(clock.pending).toBe(0);
  });

  it('comes when nobody reads stdout any more, and nothing counts as handed', async () => {
    const client = raw();
    const { host, process, over } = client.served;
    await client.initialize();
    host.session.deliver(envelope({ position: 1 }));
    process.broken = true;
    client.request(1, 'tools/call', { name: 'relay_receive', arguments: {} });
    await over;
    expect(host.session.handedPositions).toEqual([]);
  });

  it('comes when the parent is gone, within 10 s', async () => {
    const clock = new FakeClock();
    const client = raw(serve(clock));
    await client.initialize();
    await clock.advance(9_000);
    client.served.process.parentId = 1;
    await clock.advance(3_000);
    await client.served.over;
    expect(client.served.process.logged.join()).toMatch(/gone/);
    expect(clock.pending).toBe(0);
  });

  it('does not come while the parent is there', async () => {
    const clock = new FakeClock();
    const client = raw(serve(clock));
    await clock.advance(60_000);
    expect(await client.initialize()).toHaveProperty('result');
  });
});

describe('what was taken for an answer', () => {
  it('that was cancelled is in the next one', async () => {
    const client = raw();
    const { host } = client.served;
    let go = () => {};
    host.session.gate = new Promise((resolve) => {
      go = resolve;
    });
    await client.initialize();
    host.session.deliver(envelope({ position: 1 }));
    client.request(1, 'tools/call', { name: 'relay_receive', arguments: {} });
    client.write({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } });
    await settle();
    go();
    await settle();
    client.request(2, 'tools/call', { name: 'relay_receive', arguments: {} });
    expect(JSON.stringify(await client.answer(2))).toContain('id=m1');
    expect(client.lines.map((line) => JSON.parse(line).id)).toEqual([0, 2]);
    expect(host.session.handedPositions).toEqual([1]);
  });

  it('is handed by its own answer, not by another that is written first', async () => {
    const client = raw();
    const { host } = client.served;
    await client.initialize();
    host.session.deliver(envelope({ position: 1 }));
    client.request('a', 'tools/call', { name: 'relay_receive', arguments: {} });
    client.request('b', 'ping');
    await client.answer('a');
    expect(host.session.handedPositions).toEqual([1]);
  });
});

describe('lines', () => {
  const fed = (chunks: readonly string[], max = 100) => {
    const lines = new Lines(max);
    return { found: chunks.flatMap((chunk) => [...lines.feed(Buffer.from(chunk, 'latin1'))]), rest: lines.rest() };
  };

  it.each([
    [['a\nb\n'], ['a', 'b'], ''],
    [['a', 'b\n', 'c'], ['ab'], 'c'],
    [['a\r\nb\r\n'], ['a', 'b'], ''],
    [['\n\n'], [], ''],
    [['x'.repeat(101), '\nok\n'], [undefined, 'ok'], ''],
    [['x'.repeat(60), 'x'.repeat(60), 'x\nok\n'], [undefined, 'ok'], ''],
    [['x'.repeat(100), '\n'], ['x'.repeat(100)], ''],
    [['ok\n', 'x'.repeat(101)], ['ok'], undefined],
    [[], [], ''],
  ])('of %j are %j and %j', (chunks, found, rest) => {
    expect(fed(chunks)).toEqual({ found, rest });
  });

  it('keep a character that came in two pieces', () => {
    const lines = new Lines(100);
    const bytes = Buffer.from('é€😀\n');
    const found = [...bytes].flatMap((byte) => [...lines.feed(Buffer.from([byte]))]);
    expect(found).toEqual(['é€😀']);
  });
});

describe('what runs after an answer', () => {
  it('runs once, in order, for its own id', () => {
    const after = new AfterWrite();
    const ran: string[] = [];
    after.add(1, () => ran.push('a'));
    after.add(1, () => ran.push('b'));
    after.add('1', () => ran.push('other'));
    after.written(1);
    after.written(1);
    expect(ran).toEqual(['a', 'b']);
  });

  it('does not run when the answer was dropped, or its id is used again', () => {
    const after = new AfterWrite();
    const ran: string[] = [];
    after.add(1, () => ran.push('a'));
    after.drop(1);
    after.add(2, () => ran.push('b'));
    after.begin(2);
    after.written(1);
    after.written(2);
    expect(ran).toEqual([]);
    expect(after.size).toBe(0);
  });
});
