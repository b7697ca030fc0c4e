import type { IncomingMessage } from 'node:http';
import { createServer, type Socket as NetSocket } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { type ClientSocket, connectWebSocket } from '../../src/client/socket.ts';
import type { Code } from '../../src/protocol/codes.ts';
import { freePort, hasIPv6, serve } from './http-server.ts';

interface Event {
  readonly kind: 'text' | 'pong' | 'close';
  readonly value?: unknown;
}

/** Listens, and lets a test wait for the next event. */
function follow(socket: ClientSocket): { next: () => Promise<Event>; events: Event[] } {
  const events: Event[] = [];
  let taken = 0;
  let wake: () => void = () => {};
  const hear = (event: Event) => {
    events.push(event);
    wake();
  };
  socket.listen({
    onText: (value) => hear({ kind: 'text', value }),
    onPong: () => hear({ kind: 'pong' }),
    onClose: (value) => hear({ kind: 'close', value }),
    onDrain: () => {},
  });
  const next = async (): Promise<Event> => {
    while (events.length <= taken) await new Promise<void>((resolve) => (wake = resolve));
    taken += 1;
    return events[taken - 1] ?? expect.unreachable();
  };
  return { next, events };
}

async function relay(onConnect: (ws: WebSocket, request: IncomingMessage) => void, host = '127.0.0.1') {
  const headers: Record<string, unknown>[] = [];
  const { server, port } = await serve((_, response) => response.writeHead(404).end(), host);
  const sockets = new WebSocketServer({ server, handleProtocols: (offered) => [...offered][0] ?? false });
  sockets.on('connection', (ws, request) => {
    headers.push(request.headers);
    onConnect(ws, request);
  });
  return { port, headers };
}

describe('a socket to the relay', () => {
  it('offers the subprotocol, shows the token, asks for no compression', async () => {
    const { port, headers } = await relay(() => {});
    const socket = await connectWebSocket({ url: `ws://127.0.0.1:${port}`, token: 'secret' });
    expect(headers[0]).toMatchObject({ 'sec-websocket-protocol': 'claude-relay.v1', authorization: 'Bearer secret' });
    expect(headers[0]).not.toHaveProperty('sec-websocket-extensions');
    socket.terminate();
  });

  it('shows no token when it has none', async () => {
    const { port, headers } = await relay(() => {});
    (await connectWebSocket({ url: `ws://127.0.0.1:${port}` })).terminate();
    expect(headers[0]).not.toHaveProperty('authorization');
  });

  it('carries text both ways, pings, and tells how it was closed', async () => {
    const { port } = await relay((ws) => {
      ws.on('message', (data) => (data.toString() === 'bye' ? ws.close(4409, 'why') : ws.send(`echo ${data}`)));
    });
    const socket = await connectWebSocket({ url: `ws://127.0.0.1:${port}` });
    const { next, events } = follow(socket);
    socket.send('one');
    expect(await next()).toEqual({ kind: 'text', value: 'echo one' });
    socket.ping();
    expect(await next()).toEqual({ kind: 'pong' });
    socket.send('bye');
    expect(await next()).toEqual({ kind: 'close', value: 4409 });
    socket.send('into the void');
    socket.ping();
    socket.close(1000, '');
    expect(events).toHaveLength(3);
  });

  it('tells what came before anybody listened, the end included', async () => {
    let closed: () => void = () => {};
    const { port } = await relay((ws) => {
      ws.send('first');
      ws.send('second');
      ws.close(1001);
      ws.once('close', () => closed());
    });
    const gone = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const socket = await connectWebSocket({ url: `ws://127.0.0.1:${port}` });
    await gone;
    await new Promise((resolve) => setImmediate(resolve));
    const { next } = follow(socket);
    expect([await next(), await next(), await next()]).toEqual([
      { kind: 'text', value: 'first' },
      { kind: 'text', value: 'second' },
      { kind: 'close', value: 1001 },
    ]);
  });

  it('passes over what is not text', async () => {
    const { port } = await relay((ws) => {
      ws.send(Buffer.from([1, 2, 3]));
      ws.send('text');
    });
    const socket = await connectWebSocket({ url: `ws://127.0.0.1:${port}` });
    expect(await follow(socket).next()).toEqual({ kind: 'text', value: 'text' });
    socket.terminate();
  });

  it('takes one mebibyte and no more', async () => {
    const { port } = await relay((ws) => {
      ws.send('x'.repeat(1024 * 1024));
      ws.send('x'.repeat(1024 * 1024 + 1));
    });
    const { next } = follow(await connectWebSocket({ url: `ws://127.0.0.1:${port}` }));
    expect((await next()).kind).toBe('text');
    expect((await next()).kind).toBe('close');
  });

  it('takes in no more than so much at a time, and all of it in the end, in order', async () => {
    const texts = Array.from({ length: 1_500 }, (_, n) => `${n}`);
    const { port } = await relay((ws) => {
      for (const text of texts) ws.send(text);
      ws.send('x'.repeat(700 * 1024));
      ws.send('end');
    });
    const begun = performance.now();
    const socket = await connectWebSocket({ url: `ws://127.0.0.1:${port}` });
    const { next } = follow(socket);
    for (const text of texts) expect(await next()).toEqual({ kind: 'text', value: text });
    await next();
    expect(await next()).toEqual({ kind: 'text', value: 'end' });
    // At least one turn was over: whoever floods is read slowly.
    expect(performance.now() - begun).toBeGreaterThan(90);
    socket.terminate();
  });

  it('writes what one turn sends in one piece', async () => {
    const pieces: Buffer[] = [];
    const { port } = await relay((ws, request) => {
      request.socket.on('data', (piece: Buffer) => pieces.push(piece));
      ws.on('message', (data) => ws.send(`${data}`));
    });
    const socket = await connectWebSocket({ url: `ws://127.0.0.1:${port}` });
    const { next } = follow(socket);
    for (let n = 0; n < 100; n += 1) socket.send(`${n}`);
    for (let n = 0; n < 100; n += 1) expect(await next()).toEqual({ kind: 'text', value: `${n}` });
    expect(pieces).toHaveLength(1);
    socket.terminate();
  });

  it('goes on reading what it has asked for', async () => {
    const pause = vi.spyOn(WebSocket.prototype, 'pause');
    const { port } = await relay((ws) => ws.on('message', (data) => ws.send(`${data}${'x'.repeat(300)}`)));
    const socket = await connectWebSocket({ url: `ws://127.0.0.1:${port}` });
    const { next } = follow(socket);
    for (let n = 0; n < 950; n += 1) socket.send(`${n}`);
    for (let n = 0; n < 950; n += 1) await next();
    expect(pause).not.toHaveBeenCalled();
    socket.terminate();
    pause.mockRestore();
  });

  it('is found on ::1 by the name localhost', async () => {
    if (!(await hasIPv6())) return; // a machine without IPv6 cannot be asked
    const { port } = await relay((ws) => ws.send('six'), '::1');
    const socket = await connectWebSocket({ url: `ws://localhost:${port}` });
    expect(await follow(socket).next()).toEqual({ kind: 'text', value: 'six' });
    socket.terminate();
  });
});

describe('a socket that does not open', () => {
  const upgrade = async (status: string, body: string): Promise<number> => {
    const open = new Set<NetSocket>();
    const { server, port } = await serve(() => {});
    server.on('upgrade', (_, socket) => {
      open.add(socket as NetSocket);
      socket.end(
        `HTTP/1.1 ${status}\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
      );
    });
    return port;
  };
  const refusals: readonly [string, string, Code, RegExp][] = [
    ['401 Unauthorized', '{"error":{"code":"unauthorized","message":"x"}}', 'unauthorized', /RELAY_TOKEN/],
    ['401 Unauthorized', '', 'unauthorized', /RELAY_TOKEN/],
    [
      '403 Forbidden',
      '{"error":{"code":"forbidden_origin","message":"Not from there."}}',
      'forbidden_origin',
      /Not from there/,
    ],
    ['503 Busy', '{"error":{"code":"too_many_connections","message":"Full."}}', 'too_many_connections', /Full/],
    ['503 Busy', 'gateway', 'shutting_down', /going down/],
    ['400 Bad', '{"error":{"code":"version_unsupported","message":"Newer."}}', 'version_unsupported', /Newer/],
    ['404 Not Found', '<html>', 'not_connected', /not a relay/],
    ['200 OK', 'x'.repeat(200_000), 'not_connected', /not a relay/],
  ];
  it.each(refusals)('because of %s %s says so', async (status, body, code, message) => {
    const port = await upgrade(status, body);
    const attempt = connectWebSocket({ url: `ws://127.0.0.1:${port}`, token: 'x' });
    await expect(attempt).rejects.toEqual(expect.objectContaining({ code }));
    await expect(attempt).rejects.toThrow(message);
  });

  it('follows no redirection with the token in its hand', async () => {
    let asked = 0;
    const { port: elsewhere } = await serve(() => {});
    const { server, port } = await serve(() => {});
    server.on('upgrade', (_, socket) => {
      asked += 1;
      socket.end(`HTTP/1.1 302 Found\r\nlocation: ws://127.0.0.1:${elsewhere}/\r\ncontent-length: 0\r\n\r\n`);
    });
    await expect(connectWebSocket({ url: `ws://127.0.0.1:${port}`, token: 'x' })).rejects.toThrow(
      /not a relay \(HTTP 302\)/,
    );
    expect(asked).toBe(1);
  });

  it('because nobody listens says how to start a relay', async () => {
    const attempt = connectWebSocket({ url: `ws://localhost:${await freePort()}` });
    await expect(attempt).rejects.toThrow(/ECONNREFUSED.*claude-relay serve/);
  });

  it('because another relay refuses is not tried elsewhere', async () => {
    const port = await upgrade('401 Unauthorized', '');
    await expect(connectWebSocket({ url: `ws://localhost:${port}` })).rejects.toEqual(
      expect.objectContaining({ code: 'unauthorized' }),
    );
  });

  it('because the other side says nothing is given up by the signal', async () => {
    const end = new AbortController();
    const silent = createServer(() => end.abort('enough'));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const address = silent.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    await expect(connectWebSocket({ url: `ws://127.0.0.1:${port}`, signal: end.signal })).rejects.toBe('enough');
    await expect(connectWebSocket({ url: `ws://127.0.0.1:${port}`, signal: end.signal })).rejects.toBe('enough');
    await new Promise((resolve) => silent.close(resolve));
  });

  it('because its address is none says how one looks', async () => {
    await expect(connectWebSocket({ url: 'ftp://x' })).rejects.toEqual(
      expect.objectContaining({ code: 'bad_request' }),
    );
  });
});
