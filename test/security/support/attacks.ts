/** What is thrown at a relay, each with the sign by which it is seen to be over. Times in milliseconds. */
import { sleep, systemClock } from '../../../src/util/clock.ts';
import { frame, OPCODE, RawSocket, textFrame, upgradeText } from './raw-socket.ts';

export interface Place {
  readonly port: number;
  readonly token: string;
}

export interface Attack {
  readonly what: string;
  /** What it may cost, MiB, where 64 is not always enough: SECURITY.md says so. */
  readonly mostMemory?: number;
  /** How often it was tried, for the figures; throws when the relay has let something through. */
  readonly run: (place: Place) => Promise<number>;
}

/** How long a flood goes on. */
const FLOOD = 1_500;
/** A relay that ends nobody's connection fails its test by this, not by hanging. */
const PATIENCE = 30_000;
const KIB = 1024;

const many = <T>(count: number, make: (n: number) => T): T[] => Array.from({ length: count }, (_, n) => make(n));

/** Throws unless all of them were ended by the other side. */
async function expectEnded(sockets: readonly RawSocket[]): Promise<number> {
  const patience = new AbortController();
  const late = sleep(systemClock, PATIENCE, patience.signal).catch(() => undefined);
  await Promise.race([Promise.all(sockets.map(({ ended }) => ended)), late]);
  patience.abort();
  const open = sockets.filter(({ isEnded }) => !isEnded).length;
  for (const socket of sockets) socket.cut();
  if (open > 0) throw new Error(`${open} of ${sockets.length} connections were never ended.`);
  return sockets.length;
}

/** Ended with that close code, each of them. */
async function expectClosed(sockets: readonly RawSocket[], code: number): Promise<number> {
  await expectEnded(sockets);
  const wrong = sockets.find(({ closeCode }) => closeCode !== code);
  if (wrong) throw new Error(`A connection was closed with ${wrong.closeCode}, and not ${code}.`);
  return sockets.length;
}

async function expectSays(sockets: readonly RawSocket[], pattern: RegExp): Promise<number> {
  await Promise.all(sockets.map((socket) => socket.hears(pattern)));
  for (const socket of sockets) socket.cut();
  return sockets.length;
}

function post(port: number, path: string, lines: readonly string[]): string {
  return [`POST ${path} HTTP/1.1`, `Host: localhost:${port}`, ...lines, '', ''].join('\r\n');
}

const bearer = (token: string) => `Authorization: Bearer ${token}`;
const MCP = ['Content-Type: application/json', 'Accept: application/json, text/event-stream'];
/** Who is told nothing, so that an attack is all that is measured. */
const hello = (n: number) => ({ name: `attacker-${n}`, instance: `iattacker${n}` });

const open = (count: number, port: number) => Promise.all(many(count, () => RawSocket.open(port)));
const seated = (count: number, { port, token }: Place) =>
  Promise.all(many(count, (n) => RawSocket.webSocket(port, token, hello(n))));

/** Of those who have no credential. */
export const STRANGERS: readonly Attack[] = [
  {
    what: '1,000 connections that say nothing',
    run: async ({ port }) => expectEnded(await open(1_000, port)),
  },
  {
    what: '5,000 connections that say nothing, in waves',
    async run({ port }) {
      const all: RawSocket[] = [];
      for (let wave = 0; wave < 10; wave += 1) all.push(...(await open(500, port)));
      return expectEnded(all);
    },
  },
  {
    what: 'headers that come a byte at a time',
    async run({ port }) {
      const sockets = await open(200, port);
      for (const socket of sockets) {
        socket.write(`GET /healthz HTTP/1.1\r\nHost: localhost:${port}\r\nX-Slow: `);
        void socket.trickle(Buffer.from('x'), 200);
      }
      return expectEnded(sockets);
    },
  },
  {
    what: 'a body that comes a byte at a time, without a token',
    async run({ port }) {
      const sockets = await open(200, port);
      for (const socket of sockets) {
        socket.write(post(port, '/v1/send', ['Content-Length: 1000000000']));
        void socket.trickle(Buffer.from('x'), 200);
      }
      return expectEnded(sockets);
    },
  },
  {
    what: 'bodies without end, without a token',
    async run({ port }) {
      const sockets = await open(4, port);
      const piece = Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(65_536, 0x20), Buffer.from('\r\n')]);
      for (const socket of sockets) socket.write(post(port, '/v1/send', ['Transfer-Encoding: chunked']));
      await Promise.all(sockets.map((socket) => socket.flood(piece, PATIENCE)));
      return expectEnded(sockets);
    },
  },
  {
    what: 'header lines by the hundred thousand',
    async run({ port }) {
      const sockets = await open(50, port);
      for (const socket of sockets) {
        socket.write(`GET /healthz HTTP/1.1\r\nHost: localhost:${port}\r\n`);
        socket.write('a:b\r\n'.repeat(100_000));
      }
      return expectEnded(sockets);
    },
  },
  {
    what: 'upgrades by the thousand, with wrong tokens',
    async run({ port }) {
      let tried = 0;
      for (let wave = 0; wave < 20; wave += 1) {
        const sockets = await open(100, port);
        for (const socket of sockets) socket.write(upgradeText(port, [bearer('x'.repeat(43))]));
        await expectEnded(sockets);
        const taken = sockets.find(({ text }) => !/^HTTP\/1\.1 4(01|29)/.test(text));
        if (taken) throw new Error(`A wrong token was answered with ${taken.text.slice(0, 60)}`);
        tried += sockets.length;
      }
      return tried;
    },
  },
  {
    what: 'requests without end on one connection that reads no answer',
    async run({ port }) {
      const socket = await RawSocket.open(port);
      socket.freeze();
      const piece = Buffer.from(`GET /healthz HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`.repeat(500));
      const pieces = await socket.flood(piece, FLOOD);
      socket.cut();
      return pieces * 500;
    },
  },
  {
    what: '1,300 requests at once on each of 100 connections, without a token',
    async run({ port }) {
      const sockets = await open(100, port);
      const piece = Buffer.from(`GET /healthz HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`.repeat(1_300));
      for (const socket of sockets) {
        socket.freeze();
        socket.write(piece);
      }
      await sleep(systemClock, FLOOD);
      for (const socket of sockets) socket.cut();
      return sockets.length * 1_300;
    },
  },
  {
    what: 'challenges without end, on 32 connections',
    async run({ port }) {
      const sockets = await open(32, port);
      const body = `{"nonce":"${'x'.repeat(43)}"}`;
      const piece = Buffer.from((post(port, '/challenge', [`Content-Length: ${body.length}`]) + body).repeat(4));
      const pieces = await Promise.all(sockets.map((socket) => socket.flood(piece, FLOOD)));
      for (const socket of sockets) socket.cut();
      return pieces.reduce((sum, n) => sum + n * 4, 0);
    },
  },
];

/** Of a peer that has the token. */
export const FRAMES: readonly Attack[] = [
  {
    what: 'frames that say they are larger than may be',
    async run(place) {
      const sockets = await seated(20, place);
      for (const [n, socket] of sockets.entries())
        socket.write(frame(OPCODE.text, Buffer.alloc(1), { length: n % 2 === 0 ? 256 * KIB + 1 : 2 ** 50 }));
      return expectClosed(sockets, 1009);
    },
  },
  {
    what: 'a frame of a million keys',
    async run(place) {
      const sockets = await seated(4, place);
      const keys = many(1_000_000, (n) => `"k${n}":0`).join(',');
      for (const socket of sockets) socket.write(textFrame(`{"type":"request","id":1,"verb":"send","args":{${keys}}}`));
      return expectEnded(sockets);
    },
  },
  {
    what: 'frames of as many keys as fit',
    async run(place) {
      const sockets = await seated(4, place);
      const keys = many(20_000, (n) => `"k${n}":0`).join(',');
      for (const socket of sockets)
        for (let n = 0; n < 20; n += 1)
          socket.write(textFrame(`{"type":"request","id":${n},"verb":"send","args":{${keys}}}`));
      return expectSays(sockets, /"id":19,"code":"bad_request"/);
    },
  },
  {
    what: 'JSON nested a hundred thousand deep, at every place that takes any',
    async run(place) {
      const sockets = await seated(1, place);
      const deep = '['.repeat(100_000) + ']'.repeat(100_000);
      const places = [
        deep,
        `{"type":"request","id":1,"verb":"send","args":${deep}}`,
        `{"type":"request","id":2,"verb":"send","args":{"to":"bystander","body":"x","attachments":[${deep}]}}`,
        `{"type":"request","id":3,"verb":"send","args":{"to":${deep},"body":"x"}}`,
        `{"type":"request","id":4,"verb":"status","args":{"x":${deep}}}`,
        `{"type":"request","id":${deep},"verb":"status"}`,
      ];
      for (const text of places) for (const socket of sockets) socket.write(textFrame(text));
      for (const socket of sockets) socket.write(textFrame('{"type":"request","id":9,"verb":"status"}'));
      await expectSays(sockets, /"answer","id":9/);
      return places.length;
    },
  },
  {
    what: 'messages in fragments of one byte',
    async run(place) {
      const sockets = await seated(50, place);
      const first = frame(OPCODE.text, Buffer.from('x'), { fin: false });
      const rest = Buffer.concat(many(20_000, () => frame(OPCODE.more, Buffer.from('x'), { fin: false })));
      for (const socket of sockets) socket.write(Buffer.concat([first, rest]));
      return expectClosed(sockets, 1008);
    },
  },
  {
    what: 'messages in fragments of nothing',
    async run(place) {
      const sockets = await seated(50, place);
      const first = frame(OPCODE.text, Buffer.alloc(0), { fin: false });
      const rest = Buffer.concat(many(20_000, () => frame(OPCODE.more, Buffer.alloc(0), { fin: false })));
      for (const socket of sockets) socket.write(Buffer.concat([first, rest]));
      return expectClosed(sockets, 1008);
    },
  },
  {
    what: '500 messages that are never finished, each as large as may be',
    async run(place) {
      const sockets: RawSocket[] = [];
      for (let wave = 0; wave < 10; wave += 1) {
        const here = many(50, (n) => RawSocket.webSocket(place.port, place.token, hello(wave * 50 + n)));
        sockets.push(...(await Promise.all(here)));
      }
      const part = frame(OPCODE.text, Buffer.alloc(255 * KIB, 0x78), { fin: false });
      for (const socket of sockets) socket.write(part);
      await sleep(systemClock, FLOOD);
      for (const socket of sockets) socket.cut();
      return sockets.length;
    },
  },
  {
    what: '500 frames that are never finished, each as large as may be',
    async run(place) {
      const sockets: RawSocket[] = [];
      for (let wave = 0; wave < 10; wave += 1) {
        const here = many(50, (n) => RawSocket.webSocket(place.port, place.token, hello(wave * 50 + n)));
        sockets.push(...(await Promise.all(here)));
      }
      const part = frame(OPCODE.text, Buffer.alloc(255 * KIB, 0x78), { length: 256 * KIB });
      for (const socket of sockets) socket.write(part);
      await sleep(systemClock, FLOOD);
      for (const socket of sockets) socket.cut();
      return sockets.length;
    },
  },
  {
    what: 'compression that was offered, and a deflate bomb all the same',
    async run({ port, token }) {
      const sockets = await open(10, port);
      for (const socket of sockets)
        socket.write(
          upgradeText(port, [bearer(token), 'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits']),
        );
      await Promise.all(sockets.map((socket) => socket.hears(/^HTTP\/1\.1 101[\s\S]*\r\n\r\n/)));
      const accepted = sockets.find(({ text }) => /sec-websocket-extensions/i.test(text));
      if (accepted) throw new Error('Compression was accepted.');
      const { deflateRawSync } = await import('node:zlib');
      const bomb = deflateRawSync(Buffer.alloc(64 * KIB * KIB));
      // As much of it as may come before hello.
      for (const socket of sockets) socket.write(frame(OPCODE.text, bomb.subarray(0, 4 * KIB), { rsv1: true }));
      return expectClosed(sockets, 1002);
    },
  },
  {
    what: 'pings without end, from one that reads no pong',
    async run(place) {
      const sockets = await seated(4, place);
      const pings = Buffer.concat(many(1_000, () => frame(OPCODE.ping, Buffer.alloc(125, 0x78))));
      for (const socket of sockets) socket.freeze();
      const pieces = await Promise.all(sockets.map((socket) => socket.flood(pings, FLOOD * 2)));
      for (const socket of sockets) socket.cut();
      return pieces.reduce((sum, n) => sum + n * 1_000, 0);
    },
  },
  {
    what: 'pings without end, from one that reads its pongs',
    async run(place) {
      const sockets = await seated(2, place);
      const pings = Buffer.concat(many(100, () => frame(OPCODE.ping, Buffer.alloc(125, 0x78))));
      const pieces = await Promise.all(sockets.map((socket) => socket.flood(pings, FLOOD)));
      for (const socket of sockets) socket.cut();
      return pieces.reduce((sum, n) => sum + n * 100, 0);
    },
  },
  {
    what: 'requests without end, from one that reads no answer',
    async run(place) {
      const sockets = await seated(4, place);
      const asks = (n: number) =>
        Buffer.concat(
          many(100, (i) => textFrame(`{"type":"request","id":${n * 100 + i},"verb":"sessions","args":{}}`)),
        );
      for (const socket of sockets) socket.freeze();
      const pieces = await Promise.all(sockets.map((socket) => socket.flood(asks, FLOOD)));
      for (const socket of sockets) socket.cut();
      return pieces.reduce((sum, n) => sum + n * 100, 0);
    },
  },
  {
    what: 'requests without end, from one that reads its answers',
    // Ten thousand messages are stored and filed. V8's young generation grows to 32, and when it collects what else is left is its own choice.
    mostMemory: 96,
    async run(place) {
      const sockets = await seated(2, place);
      const asks = (n: number) =>
        Buffer.concat(
          many(20, (i) =>
            textFrame(
              `{"type":"request","id":${n * 20 + i},"verb":"send","args":{"to":"attacker-0","body":"${'x'.repeat(500)}","ttl_seconds":60}}`,
            ),
          ),
        );
      const pieces = await Promise.all(sockets.map((socket) => socket.flood(asks, FLOOD)));
      for (const socket of sockets) socket.cut();
      return pieces.reduce((sum, n) => sum + n * 20, 0);
    },
  },
  {
    what: 'frames that are none, without end',
    async run(place) {
      const sockets = await seated(2, place);
      const piece = Buffer.concat(many(50, () => textFrame('{"type":"shout"}')));
      const pieces = await Promise.all(sockets.map((socket) => socket.flood(piece, FLOOD)));
      for (const socket of sockets) socket.cut();
      return pieces.reduce((sum, n) => sum + n * 50, 0);
    },
  },
  {
    what: '200 connections that never say hello',
    async run({ port, token }) {
      const sockets = await open(200, port);
      for (const socket of sockets) socket.write(upgradeText(port, [bearer(token)]));
      await expectEnded(sockets);
      const taken = sockets.filter(({ text }) => text.startsWith('HTTP/1.1 101')).length;
      if (taken > 64) throw new Error(`${taken} were let in at once.`);
      return sockets.length;
    },
  },
  {
    what: 'a hello that is too large',
    async run({ port, token }) {
      const sockets = await Promise.all(many(50, () => RawSocket.webSocket(port, token)));
      for (const socket of sockets) socket.write(textFrame(`{"type":"hello","about":"${'x'.repeat(200 * KIB)}"}`));
      return expectClosed(sockets, 1009);
    },
  },
  {
    what: 'frames of bytes, and text that is no UTF-8',
    async run(place) {
      const sockets = await seated(40, place);
      for (const [n, socket] of sockets.entries())
        socket.write(frame(n % 2 === 0 ? OPCODE.binary : OPCODE.text, Buffer.alloc(200 * KIB, 0xff)));
      return expectEnded(sockets);
    },
  },
];

/** Of one that has the token, over HTTP: the verbs and `/mcp`. */
export const REQUESTS: readonly Attack[] = ['/v1/send', '/mcp?as=attacker'].flatMap((path) => [
  {
    what: `${path}: a body that says it is a gigabyte`,
    async run({ port, token }: Place) {
      const sockets = await open(20, port);
      for (const socket of sockets)
        socket.write(post(port, path, [bearer(token), ...MCP, 'Content-Length: 1073741824', 'Connection: close']));
      return expectSays(sockets, /^HTTP\/1\.1 413/);
    },
  },
  {
    what: `${path}: bodies without end`,
    async run({ port, token }: Place) {
      const sockets = await open(4, port);
      const piece = Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(65_536, 0x20), Buffer.from('\r\n')]);
      for (const socket of sockets)
        socket.write(post(port, path, [bearer(token), ...MCP, 'Transfer-Encoding: chunked']));
      await Promise.all(sockets.map((socket) => socket.flood(piece, PATIENCE)));
      return expectEnded(sockets);
    },
  },
  {
    what: `${path}: 500 bodies that stop in the middle`,
    // What one read of the network holds is half of it, 500 times, and Node decides how much that is.
    mostMemory: 96,
    async run({ port, token }: Place) {
      const sockets: RawSocket[] = [];
      for (let wave = 0; wave < 10; wave += 1) sockets.push(...(await open(50, port)));
      const head = post(port, path, [bearer(token), ...MCP, `Content-Length: ${256 * KIB}`]);
      for (const socket of sockets) socket.write(Buffer.concat([Buffer.from(head), Buffer.alloc(250 * KIB, 0x20)]));
      await sleep(systemClock, FLOOD);
      for (const socket of sockets) socket.cut();
      return sockets.length;
    },
  },
  {
    what: `${path}: JSON nested a hundred thousand deep`,
    async run({ port, token }: Place) {
      const deep = '['.repeat(100_000) + ']'.repeat(100_000);
      const bodies = [
        deep,
        `{"to":"bystander","body":"x","attachments":[${deep}]}`,
        `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${deep}}`,
        `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"relay_send","arguments":{"to":"bystander","body":${deep}}}}`,
        `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":{"x":${deep}}}}`,
      ];
      for (const body of bodies) {
        const socket = await RawSocket.open(port);
        const lines = [bearer(token), ...MCP, 'Relay-As: attacker', `Content-Length: ${body.length}`];
        socket.write(post(port, path, [...lines, 'Connection: close']) + body);
        await socket.ended;
        if (!/^HTTP\/1\.1 [24]\d\d/.test(socket.text)) throw new Error(`It was answered with ${socket.text}`);
      }
      return bodies.length;
    },
  },
  {
    what: `${path}: requests without end, on 32 connections`,
    async run({ port, token }: Place) {
      const sockets = await open(32, port);
      const body =
        path === '/mcp?as=attacker' ? '{"jsonrpc":"2.0","id":1,"method":"ping"}' : '{"to":"attacker","body":"x"}';
      const one =
        post(port, path, [bearer(token), ...MCP, 'Relay-As: attacker', `Content-Length: ${body.length}`]) + body;
      const piece = Buffer.from(one.repeat(5));
      const pieces = await Promise.all(sockets.map((socket) => socket.flood(piece, FLOOD)));
      for (const socket of sockets) socket.cut();
      return pieces.reduce((sum, n) => sum + n * 5, 0);
    },
  },
]);

/** What only one path can be asked. */
export const WAITS: readonly Attack[] = [
  {
    what: '1,000 requests that wait for mail',
    async run({ port, token }) {
      const sockets: RawSocket[] = [];
      const body = '{"wait_seconds":300}';
      for (let wave = 0; wave < 10; wave += 1) {
        const here = await open(100, port);
        for (const socket of here)
          socket.write(
            post(port, '/v1/receive', [bearer(token), 'Relay-As: attacker', `Content-Length: ${body.length}`]) + body,
          );
        sockets.push(...here);
      }
      await sleep(systemClock, FLOOD);
      for (const socket of sockets) socket.cut();
      return sockets.length;
    },
  },
  {
    what: '/mcp under 1,500 names',
    async run({ port, token }) {
      const body = '{"jsonrpc":"2.0","id":1,"method":"ping"}';
      for (let wave = 0; wave < 30; wave += 1) {
        const sockets = await open(50, port);
        for (const [n, socket] of sockets.entries())
          socket.write(
            post(port, `/mcp?as=attacker-${wave * 50 + n}`, [bearer(token), ...MCP, `Content-Length: ${body.length}`]) +
              body,
          );
        // Past so many names, or so many requests, it is refused with a code.
        await expectSays(sockets, /^HTTP\/1\.1 (200|429|503)/);
      }
      return 1_500;
    },
  },
];
