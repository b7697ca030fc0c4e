/**
 * One connection stores messages with so many in flight; nobody reads them. Speaks to the relay, to JetStream and to a
 * Redis stream, each in its own protocol; to the relay through our client as well (`client` says where that lies), and to JetStream
 * through its own (`packages` says where).
 * Answers as `pairs.mjs` does.
 */
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuOf } from '../measure.mjs';
import { RelayPeer, textOf } from './peers.mjs';
import { finish, work } from './run.mjs';

const { server, client, packages, inFlight, bytes, warmup, seconds, prefix } = work();
/** An inbox holds 10,000 unread messages: each is sent less. */
const RECIPIENTS = 64;

/** What stores: `store` sends one more, `onStored` hears that one was stored. @typedef {{ store(number: number): void, onStored: () => void }} Publisher */

/** @returns {Promise<Publisher>} */
async function atRelay() {
  for (let i = 0; i < RECIPIENTS; i++) (await RelayPeer.join(server, `${prefix}R${i}`)).leave();
  const peer = await RelayPeer.join(server, `${prefix}S`);
  const publisher = {
    store: (/** @type {number} */ number) =>
      peer.send(`${prefix}R${number % RECIPIENTS}`, number, textOf(number, bytes)),
    onStored: () => {},
  };
  peer.onAnswered = () => publisher.onStored();
  return publisher;
}

/** By `request` of our client, which a session process uses. @returns {Promise<Publisher>} */
async function throughOurs() {
  for (let i = 0; i < RECIPIENTS; i++) (await RelayPeer.join(server, `${prefix}R${i}`)).leave();
  const { connected } = await import(client);
  const ours = await connected(server, `${prefix}S`);
  const publisher = {
    store: (/** @type {number} */ number) => {
      const draft = { to: [`${prefix}R${number % RECIPIENTS}`], body: textOf(number, bytes) };
      ours.request('send', draft).then(() => publisher.onStored());
    },
    onStored: () => {},
  };
  return publisher;
}

/** A connection that speaks lines: counts those that fit. @param {string} url @param {RegExp} answer */
function lines(url, answer) {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  let rest = '';
  /** @type {string[]} */
  const queued = [];
  const talk = {
    onAnswer: () => {},
    send(/** @type {string} */ text) {
      if (queued.length === 0) queueMicrotask(() => socket.write(queued.splice(0).join('')));
      queued.push(text);
    },
  };
  socket.setEncoding('latin1').on('data', (/** @type {string} */ data) => {
    const all = (rest + data).split('\r\n');
    rest = all.pop() ?? '';
    for (const line of all) {
      if (line === 'PING') talk.send('PONG\r\n');
      if (answer.test(line)) talk.onAnswer();
      else if (line.startsWith('-') || line.includes('"error"')) throw new Error(`The server says: ${line}`);
    }
  });
  return talk;
}

/** @returns {Promise<Publisher>} */
async function atJetStream() {
  // An acknowledgment is a message with the stream's name and the sequence as its payload.
  const talk = lines(server.url, /^\{"stream":.*"seq":|"type":"io.nats.jetstream.api.v1.stream_create_response"/);
  const created = new Promise((resolve) => {
    talk.onAnswer = () => resolve(undefined);
  });
  const stream = JSON.stringify({ name: prefix, subjects: [`${prefix}.*`], storage: 'file', retention: 'limits' });
  talk.send('CONNECT {"verbose":false,"pedantic":false,"headers":true}\r\nSUB _INBOX.bench 1\r\n');
  talk.send(`PUB $JS.API.STREAM.CREATE.${prefix} _INBOX.bench ${stream.length}\r\n${stream}\r\n`);
  await created;
  const publisher = {
    store: (/** @type {number} */ number) =>
      talk.send(`PUB ${prefix}.R${number % RECIPIENTS} _INBOX.bench ${bytes}\r\n${textOf(number, bytes)}\r\n`),
    onStored: () => {},
  };
  talk.onAnswer = () => publisher.onStored();
  return publisher;
}

/** By `publish` of its client for Node, which a program would use. @returns {Promise<Publisher>} */
async function throughClient() {
  const load = createRequire(packages);
  const nats = await load('@nats-io/transport-node').connect({ servers: new URL(server.url).host });
  const { jetstream, jetstreamManager } = load('@nats-io/jetstream');
  const manager = await jetstreamManager(nats);
  await manager.streams.add({ name: prefix, subjects: [`${prefix}.*`], storage: 'file' });
  const stream = jetstream(nats);
  const publisher = {
    store: (/** @type {number} */ number) =>
      stream.publish(`${prefix}.R${number % RECIPIENTS}`, textOf(number, bytes)).then(() => publisher.onStored()),
    onStored: () => {},
  };
  return publisher;
}

/** @returns {Promise<Publisher>} */
async function atRedis() {
  const talk = lines(server.url, /^\d+-\d+$/);
  const publisher = {
    store: (/** @type {number} */ number) => {
      const key = `${prefix}R${number % RECIPIENTS}`;
      talk.send(
        `*5\r\n$4\r\nXADD\r\n$${key.length}\r\n${key}\r\n$1\r\n*\r\n$1\r\nb\r\n$${bytes}\r\n${textOf(number, bytes)}\r\n`,
      );
    },
    onStored: () => {},
  };
  talk.onAnswer = () => publisher.onStored();
  return publisher;
}

const protocols = {
  relay: client ? throughOurs : atRelay,
  nats: packages ? throughClient : atJetStream,
  redis: atRedis,
};
const publisher = await protocols[/** @type {'relay'} */ (server.protocol)]();
let sent = 0;
let done = 0;
publisher.onStored = () => {
  done += 1;
  publisher.store(++sent);
};
for (let i = 0; i < inFlight; i++) publisher.store(++sent);
await sleep(warmup * 1000);
const start = { done, cpu: cpuOf(server.pid), at: performance.now() };
await sleep(seconds * 1000);
const messages = done - start.done;
const time = (performance.now() - start.at) / 1000;
finish({ messages, rate: messages / time, cpu: (cpuOf(server.pid) - start.cpu) / messages });
