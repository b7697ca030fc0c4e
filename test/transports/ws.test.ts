import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import { refuseUpgrade } from '../../src/http/refuse.ts';
import { LIMITS } from '../../src/protocol/limits.ts';
import { type Identity, THE_OWNER } from '../../src/relay/identity.ts';
import { silentLog } from '../../src/relay/log.ts';
import type { Socket } from '../../src/relay/socket.ts';
import { OWNER } from '../../src/state/schema.ts';
import { Told, WsDoor, type WsOptions, WsSocket } from '../../src/transports/ws.ts';
import { systemClock } from '../../src/util/clock.ts';
import { type Reader, Turns } from '../../src/util/turns.ts';
import { Heard, runSocketContract } from '../contract/socket.ts';
import { frame, OPCODE, upgradeText } from '../security/support/raw-socket.ts';
import { settle } from '../support/fake-clock.ts';
import { exchange } from '../support/raw-http.ts';

interface Rig {
  readonly url: string;
  readonly port: number;
  readonly door: WsDoor;
  readonly server: Server;
  /** Who comes next. */
  identity: Identity;
  readonly taken: Socket[];
  nextTaken(): Promise<Socket>;
  stop(): Promise<void>;
}

const ROOMY = { connections: 1_000, unauthenticated: 1_000 };
const rigs: Rig[] = [];
afterEach(async () => {
  for (const rig of rigs.splice(0)) await rig.stop();
});

async function makeRig(options: Partial<WsOptions> = {}): Promise<Rig> {
  const taken: Socket[] = [];
  let wake: () => void = () => {};
  const connect = (socket: Socket) => {
    taken.push(socket);
    wake();
  };
  const door = new WsDoor({ connect, refuse: refuseUpgrade, log: silentLog, limits: ROOMY, ...options });
  const server = createServer();
  const turns = new Turns(systemClock);
  const readers = new WeakMap<Duplex, Reader>();
  server.on('connection', (socket) => readers.set(socket, turns.reader(socket, 16 * 1024)));
  server.on('upgrade', (request, socket, head) =>
    door.upgrade(request, socket, head, rig.identity, readers.get(socket)),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  let given = 0;
  const rig: Rig = {
    identity: THE_OWNER,
    url: `ws://127.0.0.1:${port}`,
    port,
    door,
    server,
    taken,
    async nextTaken() {
      while (taken.length <= given) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      const socket = taken[given];
      given += 1;
      if (!socket) throw new Error('no socket');
      return socket;
    },
    async stop() {
      door.cut();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  rigs.push(rig);
  return rig;
}

function opened(url: string, protocols: string[] = ['claude-relay.v1'], options: object = {}): Promise<Told> {
  const ws = new Told(url, protocols, options);
  return new Promise((resolve, reject) => {
    ws.once('open', () => resolve(ws));
    ws.once('unexpected-response', (_request, response) => {
      response.resume();
      reject(new Error(`status ${response.statusCode}`));
    });
    ws.on('error', reject);
  });
}

const closeOf = (ws: WebSocket) => new Promise<number>((resolve) => ws.once('close', resolve));

runSocketContract('WebSocket', async () => {
  const rig = await makeRig();
  // Our socket answers pings itself.
  const ws = await opened(rig.url, undefined, { autoPong: false });
  return { a: await rig.nextTaken(), b: new WsSocket(ws), teardown: async () => ws.terminate() };
});

describe('the WebSocket door', () => {
  it('chooses our subprotocol among those offered, and no compression', async () => {
    const rig = await makeRig();
    const ws = await opened(rig.url, ['other', 'claude-relay.v1'], { perMessageDeflate: true });
    expect([ws.protocol, ws.extensions]).toEqual(['claude-relay.v1', '']);
    ws.terminate();
  });

  it.each([[[]], [['claude-relay.v2']], [['CLAUDE-RELAY.V1']]])('refuses the subprotocols %j', async (protocols) => {
    const rig = await makeRig();
    await expect(opened(rig.url, protocols)).rejects.toThrow('status 400');
    expect(rig.taken).toEqual([]);
  });

  it('refuses another path than /', async () => {
    const rig = await makeRig();
    await expect(opened(`${rig.url}/v1`)).rejects.toThrow('status 404');
    (await opened(`${rig.url}/?x=1`)).terminate();
  });

  it('refuses an upgrade that is none', async () => {
    const rig = await makeRig();
    const lines = [
      'GET / HTTP/1.1',
      'Host: x',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Protocol: claude-relay.v1',
    ];
    const answer = await exchange(rig.port, `${lines.join('\r\n')}\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 400/);
    expect(answer).toContain('"bad_request"');
  });

  it('takes no more connections than it may, and again when one has gone', async () => {
    const rig = await makeRig({ limits: { connections: 2, unauthenticated: 9 } });
    const [first, second] = [await opened(rig.url), await opened(rig.url)];
    await expect(opened(rig.url)).rejects.toThrow('status 503');
    const gone = closeOf(first);
    first.close();
    await gone;
    await expect.poll(() => rig.door.size).toBe(1);
    const third = await opened(rig.url);
    for (const ws of [second, third]) ws.terminate();
  });

  it('lets only so many wait that nobody has answered yet', async () => {
    const rig = await makeRig({ limits: { connections: 9, unauthenticated: 2 } });
    const sockets = [await opened(rig.url), await opened(rig.url)];
    await expect(opened(rig.url)).rejects.toThrow('status 503');
    (await rig.nextTaken()).send('welcome');
    sockets.push(await opened(rig.url));
    await expect(opened(rig.url)).rejects.toThrow('status 503');
    for (const ws of sockets) ws.terminate();
  });

  it('lets fewer of them wait that are one guest’s, and the owner’s beside them', async () => {
    const limits = { connections: 9, connectionsPerPerson: 4, unauthenticated: 4, unauthenticatedPerPerson: 2 };
    const rig = await makeRig({ limits });
    rig.identity = { person: 2, device: 'd' };
    const sockets = [await opened(rig.url), await opened(rig.url)];
    await expect(opened(rig.url)).rejects.toThrow('status 503');
    rig.identity = THE_OWNER;
    sockets.push(await opened(rig.url), await opened(rig.url));
    await expect(opened(rig.url)).rejects.toThrow('status 503');
    for (const ws of sockets) ws.terminate();
  });

  it('takes fewer that are one guest’s, and the owner’s beside all guests’', async () => {
    const rig = await makeRig({ limits: { connections: 5, connectionsPerPerson: 2 } });
    const sockets: WebSocket[] = [];
    const come = async (person: number) => {
      rig.identity = { person };
      sockets.push(await opened(rig.url));
      (await rig.nextTaken()).send('welcome');
    };
    await come(2);
    await come(2);
    await expect(come(2)).rejects.toThrow('status 503');
    await come(3);
    await expect(come(4)).rejects.toThrow('status 503');
    await come(OWNER);
    await come(OWNER);
    await expect(come(OWNER)).rejects.toThrow('status 503');
    sockets[0]?.terminate();
    await expect.poll(() => rig.door.size).toBe(4);
    await come(2);
    for (const ws of sockets) ws.terminate();
  });

  it('ends a connection that sends more than a frame may hold with 1009, and the next one is served', async () => {
    const rig = await makeRig();
    const ws = await opened(rig.url);
    const heard = new Heard();
    (await rig.nextTaken()).listen(heard);
    const closed = closeOf(ws);
    ws.send('x'.repeat(LIMITS.frameBytes + 1));
    expect(await closed).toBe(1009);
    await heard.until(() => heard.closes.length === 1);
    expect(heard.texts).toEqual([]);
    (await opened(rig.url)).terminate();
  });

  it('counts a frame that comes in fragments', async () => {
    const rig = await makeRig();
    const ws = await opened(rig.url);
    const closed = closeOf(ws);
    for (let n = 0; n < 5; n += 1) ws.send('x'.repeat(64 * 1024), { fin: false });
    expect(await closed).toBe(1009);
  });

  it('ends a message that comes in too many fragments with 1008', async () => {
    const rig = await makeRig();
    const ws = await opened(rig.url);
    const closed = closeOf(ws);
    for (let n = 0; n < 300; n += 1) ws.send('x', { fin: false });
    expect(await closed).toBe(1008);
  });

  it('lets the others have their turn between many frames of one', async () => {
    const rig = await makeRig();
    const [flooding, quiet] = [await opened(rig.url), await opened(rig.url)];
    const order: string[] = [];
    for (const name of ['flood', 'quiet']) {
      const socket = await rig.nextTaken();
      const listener = { onPong: () => {}, onClose: () => {}, onDrain: () => {} };
      socket.listen({ ...listener, onText: () => order.push(name) });
    }
    for (let n = 0; n < 20_000; n += 1) flooding.send('x'.repeat(100));
    quiet.send('x');
    while (order.length < 20_001) await new Promise((resolve) => setImmediate(resolve));
    expect(order.indexOf('quiet')).toBeLessThan(1_000);
  });

  it('reads little at a time from who need not be quick', async () => {
    const rig = await makeRig();
    const ws = await opened(rig.url);
    const socket = await rig.nextTaken();
    let turn = 0;
    const turns: number[] = [];
    socket.listen({ onText: () => turns.push(turn), onPong() {}, onClose() {}, onDrain() {} });
    /** How many of forty that come together are handed on in one turn, at most. */
    const most = async () => {
      turns.length = 0;
      for (let n = 0; n < 40; n += 1) ws.send('x'.repeat(300));
      for (; turns.length < 40; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      return Math.max(...turns.map((one) => turns.filter((other) => other === one).length));
    };
    expect(await most()).toBeGreaterThan(10);
    socket.readLittle?.();
    expect(await most()).toBeLessThanOrEqual(10);
    ws.terminate();
  });

  it('lets each of many send what one chunk of the network holds, at the same moment', async () => {
    const rig = await makeRig();
    const clients = await Promise.all(Array.from({ length: 400 }, () => opened(rig.url)));
    let [texts, closes] = [0, 0];
    for (const _ of clients) {
      const socket = await rig.nextTaken();
      socket.listen({ onText: () => texts++, onPong() {}, onClose: () => closes++, onDrain() {} });
      socket.send('welcome');
    }
    // 12 MiB together, where 8 may be unfinished: in pieces of 16 KiB, all of them would be at once.
    for (const ws of clients) ws.send('x'.repeat(30 * 1024));
    await expect.poll(() => texts + closes, { timeout: 10_000 }).toBe(400);
    expect(closes).toBe(0);
    for (const ws of clients) ws.terminate();
  });

  it('takes the largest frame', async () => {
    const rig = await makeRig();
    const ws = await opened(rig.url);
    const heard = new Heard();
    const socket = await rig.nextTaken();
    socket.listen(heard);
    socket.send('welcome');
    ws.send('x'.repeat(LIMITS.frameBytes));
    await heard.until(() => heard.texts.length === 1);
    expect(heard.texts[0]).toHaveLength(LIMITS.frameBytes);
    ws.terminate();
  });

  it.each([
    ['in one frame', true],
    ['in fragments', false],
  ])('reads no more of what comes before hello than a hello may have, %s', async (_, fin) => {
    const rig = await makeRig();
    const socket = net.connect(rig.port, '127.0.0.1');
    socket.write(upgradeText(rig.port));
    await once(socket, 'data');
    const heard = new Heard();
    (await rig.nextTaken()).listen(heard);
    // Half of what was announced, which never comes to its end.
    if (fin) socket.write(frame(OPCODE.text, Buffer.alloc(6 * 1024, 0x78), { length: 12 * 1024 }));
    else
      for (let n = 0; n < 6; n += 1)
        socket.write(frame(n === 0 ? OPCODE.text : OPCODE.more, Buffer.alloc(1024, 0x78), { fin: false }));
    await heard.until(() => heard.closes.length === 1);
    expect(heard.texts).toEqual([]);
    socket.destroy();
  });

  it('takes a hello of the largest size before it has answered, and the goodbye behind it', async () => {
    const rig = await makeRig();
    const ws = await opened(rig.url);
    const heard = new Heard();
    (await rig.nextTaken()).listen(heard);
    ws.send('x'.repeat(LIMITS.helloBytes));
    ws.send('bye');
    await heard.until(() => heard.texts.length === 2);
    expect(heard.texts.map((text) => text.length)).toEqual([LIMITS.helloBytes, 3]);
    ws.terminate();
  });

  it('takes no binary', async () => {
    const rig = await makeRig();
    const ws = await opened(rig.url);
    const heard = new Heard();
    (await rig.nextTaken()).listen(heard);
    const closed = closeOf(ws);
    ws.send(Buffer.from('{}'));
    expect(await closed).toBe(1003);
    expect(heard.texts).toEqual([]);
  });

  it('says what is unsent, stops listening to who does not read, and tells when it has', async () => {
    const rig = await makeRig();
    const ws = await opened(rig.url);
    const socket = await rig.nextTaken();
    const heard = new Heard();
    socket.listen(heard);
    let received = 0;
    ws.on('message', () => {
      received += 1;
    });
    ws.pause();
    let sent = 0;
    // What a turn sends leaves at its end: only then is it known what the system does not take.
    for (; socket.unsent <= LIMITS.unsentBytes; sent += 1) {
      socket.send('x'.repeat(100_000));
      await settle(1);
    }
    expect(socket.unsent).toBeGreaterThan(LIMITS.unsentBytes);
    ws.send('is anybody there?');
    // What another client says after it has arrived by now; this has not been read.
    const other = await opened(rig.url);
    const otherHeard = new Heard();
    (await rig.nextTaken()).listen(otherHeard);
    other.send('and I?');
    await otherHeard.until(() => otherHeard.texts.length === 1);
    other.terminate();
    expect([heard.drains, heard.texts]).toEqual([0, []]);
    ws.resume();
    await heard.until(() => heard.drains === 1 && heard.texts.length === 1);
    await expect.poll(() => received).toBe(sent);
    ws.terminate();
  });

  it('leaves all that one turn sends in one write, and before the close that follows', async () => {
    const rig = await makeRig();
    const ws = await opened(rig.url);
    const socket = await rig.nextTaken();
    const texts: string[] = [];
    ws.on('message', (data) => texts.push(data.toString()));
    const closed = closeOf(ws);
    for (const text of ['one', 'two ☃', '']) socket.send(text);
    expect(socket.unsent).toBe(3 + 7);
    socket.close(1000, 'bye');
    expect(await closed).toBe(1000);
    expect(texts).toEqual(['one', 'two ☃', '']);
  });

  it('ends even when the other side never answers the close', async () => {
    const rig = await makeRig();
    const ws = await opened(rig.url);
    const heard = new Heard();
    const socket = await rig.nextTaken();
    socket.listen(heard);
    ws.pause();
    socket.close(1001, 'shutting_down');
    await heard.until(() => heard.closes.length === 1);
    ws.terminate();
  });

  it('takes first-generation clients only when it is told to', async () => {
    const legacy: Socket[] = [];
    const rig = await makeRig({ connectLegacy: (socket) => void legacy.push(socket) });
    const [old, modern] = [await opened(rig.url, []), await opened(rig.url)];
    expect([legacy.length, rig.taken.length]).toEqual([1, 1]);
    for (const ws of [old, modern]) ws.terminate();
  });
});
