/**
 * A WebSocket client that costs as little as it can, so that a generator is never what is measured: it masks with
 * zeros, gathers what one turn writes into one write, and reads frames where they lie.
 */
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';

const TEXT = 0x81;
const CLOSE = 0x88;
const PING = 0x89;
const PONG = 0x8a;

/**
 * @param {string} url `ws://host:port/path`
 * @param {{ protocol?: string, token?: string }} [options]
 * @returns {Promise<FrameSocket>}
 */
export function openFrames(url, options = {}) {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    socket.once('error', reject);
    socket.write(upgradeRequest(url, options));
    let answer = Buffer.alloc(0);
    socket.on('data', function onHead(data) {
      answer = Buffer.concat([answer, data]);
      const end = answer.indexOf('\r\n\r\n');
      if (end < 0) return;
      socket.off('data', onHead);
      const [status = ''] = answer.subarray(0, end).toString().split('\r\n', 1);
      if (status.includes(' 101 ')) resolve(new FrameSocket(socket, answer, end + 4));
      else reject(new Error(`The upgrade was answered with ${status}.`));
    });
  });
}

/** @param {string} url @param {{ protocol?: string, token?: string }} options */
function upgradeRequest(url, { protocol, token }) {
  const { host, pathname, search } = new URL(url);
  const head = [
    `GET ${pathname}${search} HTTP/1.1`,
    `Host: ${host}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    ...(protocol ? [`Sec-WebSocket-Protocol: ${protocol}`] : []),
    ...(token ? [`Authorization: Bearer ${token}`] : []),
  ];
  return `${head.join('\r\n')}\r\n\r\n`;
}

export class FrameSocket {
  /** Set by whoever owns it. @type {(text: string) => void} */
  onText = () => {};
  /** Bytes that came in: the answer to the handshake, and frames. */
  received;
  #socket;
  #rest;
  /** @type {Buffer[]} */
  #queued = [];

  /** @param {import('node:net').Socket} socket @param {Buffer} answer and what came with it @param {number} end where the answer ends */
  constructor(socket, answer, end) {
    const rest = answer.subarray(end);
    this.#socket = socket;
    this.#rest = rest;
    this.received = answer.length;
    socket.on('data', (data) => this.#onData(data));
    socket.on('error', () => {});
    if (rest.length > 0) setImmediate(() => this.#onData(Buffer.alloc(0)));
  }

  /** @param {string} text */
  send(text) {
    this.#queue(TEXT, Buffer.from(text));
  }

  close() {
    this.#queue(CLOSE, Buffer.from([3, 232]));
  }

  /** @param {number} kind @param {Buffer} payload */
  #queue(kind, payload) {
    if (this.#queued.length === 0) queueMicrotask(() => this.#flush());
    this.#queued.push(header(kind, payload.length), payload);
  }

  #flush() {
    this.#socket.write(Buffer.concat(this.#queued));
    this.#queued = [];
  }

  /** @param {Buffer} data */
  #onData(data) {
    this.received += data.length;
    const all = this.#rest.length > 0 ? Buffer.concat([this.#rest, data]) : data;
    let at = 0;
    for (let next = this.#take(all, at); next > 0; next = this.#take(all, at)) at = next;
    this.#rest = all.subarray(at);
  }

  /** Takes the frame at `at` and says where the next begins; 0 when it is not all there. @param {Buffer} all @param {number} at */
  #take(all, at) {
    if (all.length < at + 2) return 0;
    const short = all.readUInt8(at + 1);
    const start = at + (short === 127 ? 10 : short === 126 ? 4 : 2);
    if (all.length < start) return 0;
    const length =
      short === 127 ? Number(all.readBigUInt64BE(at + 2)) : short === 126 ? all.readUInt16BE(at + 2) : short;
    const end = start + length;
    if (all.length < end) return 0;
    const kind = all.readUInt8(at);
    if (kind === TEXT) this.onText(all.toString('utf8', start, end));
    else if (kind === PING) this.#queue(PONG, all.subarray(start, end));
    return end;
  }
}

/** @param {number} kind @param {number} length */
function header(kind, length) {
  const extra = length > 65_535 ? 8 : length > 125 ? 2 : 0;
  const head = Buffer.alloc(6 + extra);
  head.writeUInt8(kind, 0);
  head.writeUInt8(0x80 | (extra === 8 ? 127 : extra === 2 ? 126 : length), 1);
  if (extra === 2) head.writeUInt16BE(length, 2);
  if (extra === 8) head.writeBigUInt64BE(BigInt(length), 2);
  return head;
}
