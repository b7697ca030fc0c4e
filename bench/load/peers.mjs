/**
 * One party of a conversation, whatever it speaks: it sends numbered messages, hears when one was answered, and takes
 * what arrives, saying that it did. The number of a message is the first word of its body.
 */
import { openFrames } from './frames.mjs';

/**
 * @typedef {import('../servers/start.mjs').Address} Address
 * @typedef {object} Peer
 * @property {(to: string, number: number, body: string) => void} send
 * @property {(number: number) => void} onAnswered
 * @property {(number: number, body: string) => void} onArrived
 * @property {import('./frames.mjs').FrameSocket} socket
 * @property {() => void} leave
 */

/** @param {Address} address @param {string} name @returns {Promise<Peer>} */
export async function join(address, name) {
  if (address.protocol === 'relay') return await RelayPeer.join(address, name);
  if (address.protocol === 'bare') return await BarePeer.join(address, name);
  return await SocketIoPeer.join(address, name);
}

/** Joins at a time: the relay lets 64 connections be unknown. */
const AT_ONCE = 32;

/**
 * Many at once, but not all at once.
 * @template T
 * @param {number} count @param {(index: number) => Promise<T>} one @returns {Promise<T[]>}
 */
export async function together(count, one) {
  /** @type {T[]} */
  const all = [];
  while (all.length < count) {
    const some = Math.min(AT_ONCE, count - all.length);
    all.push(...(await Promise.all(Array.from({ length: some }, (_, i) => one(all.length + i)))));
  }
  return all;
}

const WORDS =
  'the build is green since ten tests of the parser took a while two were flaky please look at the branch and merge it when the review is done or say what is missing in the error that the linker reports for this module'.split(
    ' ',
  );

/** A body of so many bytes that begins with a number. @param {number} number @param {number} bytes */
export function textOf(number, bytes) {
  return `${number} ${fillers(bytes)[number % 64]}`.slice(0, bytes);
}

/** @type {Map<number, string[]>} */
const made = new Map();

/** @param {number} bytes */
function fillers(bytes) {
  let texts = made.get(bytes);
  if (!texts) {
    texts = Array.from({ length: 64 }, () => someWords(bytes));
    made.set(bytes, texts);
  }
  return texts;
}

/** Words, some with a number of their own, as what agents write has. @param {number} bytes */
export function someWords(bytes) {
  let text = '';
  while (text.length < bytes) {
    const word = WORDS[Math.floor(Math.random() * WORDS.length)];
    text += Math.random() < 0.1 ? `${word}${Math.floor(Math.random() * 10_000)} ` : `${word} `;
  }
  return text.slice(0, bytes);
}

const LETTERS = '0123456789abcdefghjkmnpqrstvwxyz';

/** As our clients make them. */
export function messageId() {
  const era = Math.floor(Date.now() / 64);
  let id = 'm';
  for (const shift of [15, 10, 5, 0]) id += LETTERS[(era >> shift) & 31];
  for (let i = 0; i < 8; i++) id += LETTERS[Math.floor(Math.random() * 32)];
  return id;
}

/** @param {string} body */
function numberOf(body) {
  return Number(body.slice(0, body.indexOf(' ')));
}

/** @implements {Peer} */
export class RelayPeer {
  /** @type {Peer['onAnswered']} */
  onAnswered = () => {};
  /** @type {Peer['onArrived']} */
  onArrived = () => {};
  /** Frames that are neither answers to `send` nor mail. @type {(frame: any) => void} */
  onOther = () => {};
  /** How far what arrives got; undefined says nothing about it. @type {'handed' | 'seen' | undefined} */
  receipt = 'seen';
  /** @type {Map<number, (result: any) => void>} */
  #waiting = new Map();
  /** Numbers of sends are even here, of other requests odd. */
  #requests = 1;

  /** @param {import('./frames.mjs').FrameSocket} socket @param {string | undefined} key */
  constructor(socket, key) {
    this.socket = socket;
    this.key = key;
    socket.onText = (text) => this.#onFrame(JSON.parse(text));
  }

  /** @param {Address} address @param {string} name @param {object} [hello] */
  static async join({ url, token }, name, hello = { window: 256 }) {
    const socket = await openFrames(url, { protocol: 'claude-relay.v1', ...(token ? { token } : {}) });
    const welcome = new Promise((resolve) => {
      socket.onText = (text) => resolve(JSON.parse(text));
    });
    socket.send(
      JSON.stringify({ type: 'hello', v: 1, name, instance: `i${name}${process.pid}`, seat: true, ...hello }),
    );
    const { type, message, key } = await welcome;
    if (type !== 'welcome') throw new Error(`The relay did not welcome ${name}: ${message}`);
    return new RelayPeer(socket, key);
  }

  /** @param {string} to @param {number} number @param {string} body */
  send(to, number, body) {
    this.socket.send(
      `{"type":"request","id":${number * 2},"verb":"send","args":{"id":"${messageId()}","to":"${to}","body":"${body}"}}`,
    );
  }

  /** @param {string} verb @param {object} args @returns {Promise<any>} */
  ask(verb, args) {
    this.#requests += 2;
    const id = this.#requests;
    this.socket.send(JSON.stringify({ type: 'request', id, verb, args }));
    return new Promise((resolve) => this.#waiting.set(id, resolve));
  }

  leave() {
    this.socket.send('{"type":"bye"}');
  }

  /** @param {any} frame */
  #onFrame(frame) {
    if (frame.type === 'deliver') this.#onMail(frame.messages);
    else if (frame.type === 'answer' && frame.id % 2 === 0) this.onAnswered(frame.id / 2);
    else if (frame.type === 'answer') this.#onResult(frame);
    else if (frame.type === 'error') throw new Error(`The relay says: ${frame.message}`);
    else this.onOther(frame);
  }

  /** @param {{ id: number, result: unknown }} frame */
  #onResult({ id, result }) {
    this.#waiting.get(id)?.(result);
    this.#waiting.delete(id);
  }

  /** @param {{ position: number, body: string }[]} messages */
  #onMail(messages) {
    for (const { body } of messages) this.onArrived(numberOf(body), body);
    if (!this.receipt) return;
    this.#requests += 2;
    const positions = messages.map(({ position }) => position);
    this.socket.send(
      `{"type":"request","id":${this.#requests},"verb":"receipt","args":{"state":"${this.receipt}","positions":[${positions}]}}`,
    );
  }
}

/** @implements {Peer} */
class BarePeer {
  /** @type {Peer['onAnswered']} */
  onAnswered = () => {};
  /** @type {Peer['onArrived']} */
  onArrived = () => {};

  /** Does what arrives have to be acknowledged? */
  #acks;

  /** @param {import('./frames.mjs').FrameSocket} socket @param {boolean} acks */
  constructor(socket, acks) {
    this.socket = socket;
    this.#acks = acks;
    socket.onText = (text) => this.#onFrame(JSON.parse(text));
  }

  /** @param {Address} address @param {string} name */
  static async join({ url, acks }, name) {
    const socket = await openFrames(url);
    const welcome = new Promise((resolve) => {
      socket.onText = resolve;
    });
    socket.send(JSON.stringify({ type: 'hello', name }));
    await welcome;
    return new BarePeer(socket, acks === 'recipient');
  }

  /** @param {string} to @param {number} id @param {string} body */
  send(to, id, body) {
    this.socket.send(`{"type":"send","id":${id},"to":"${to}","body":"${body}"}`);
  }

  leave() {
    this.socket.close();
  }

  /** @param {any} frame */
  #onFrame(frame) {
    if (frame.type === 'ack') return this.onAnswered(frame.id);
    this.onArrived(frame.id, frame.body);
    if (this.#acks) this.socket.send(`{"type":"ack","id":${frame.id},"to":"${frame.from}"}`);
  }
}

/** @implements {Peer} */
class SocketIoPeer {
  /** @type {Peer['onAnswered']} */
  onAnswered = () => {};
  /** @type {Peer['onArrived']} */
  onArrived = () => {};

  /** @param {import('./frames.mjs').FrameSocket} socket */
  constructor(socket) {
    this.socket = socket;
    socket.onText = (text) => this.#onPacket(text);
  }

  /** @param {Address} address @param {string} name */
  static async join({ url }, name) {
    const socket = await openFrames(url);
    // Engine.IO's open, Socket.IO's connect, and our hello; each is answered.
    await said(socket, undefined, '0');
    await said(socket, '40', '40');
    await said(socket, `420["hello","${name}"]`, '430');
    return new SocketIoPeer(socket);
  }

  /** @param {string} to @param {number} id @param {string} body */
  send(to, id, body) {
    this.socket.send(`42${id}["send",{"to":"${to}","id":${id},"body":"${body}"}]`);
  }

  leave() {
    this.socket.close();
  }

  /** `2` is a ping, `42` an event, `43` an acknowledgment with its number. @param {string} packet */
  #onPacket(packet) {
    if (packet === '2') this.socket.send('3');
    else if (packet.startsWith('43')) this.onAnswered(Number.parseInt(packet.slice(2), 10));
    else if (packet.startsWith('42')) {
      const [, { id, body }] = JSON.parse(packet.slice(2));
      this.onArrived(id, body);
    }
  }
}

/** @param {import('./frames.mjs').FrameSocket} socket @param {string | undefined} text @param {string} answer @returns {Promise<void>} */
function said(socket, text, answer) {
  return new Promise((resolve) => {
    socket.onText = (packet) => {
      if (packet.startsWith(answer)) resolve();
    };
    if (text !== undefined) socket.send(text);
  });
}
