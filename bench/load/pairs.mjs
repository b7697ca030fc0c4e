/**
 * Pairs of a sender and a recipient, each sender with so many messages in flight. One is in flight until it was answered
 * and has arrived. Answers with messages a second, the server's processor time for each and how busy this process was, in a
 * window after a warm-up, and with how many were stored in all.
 */
import { cpuOf } from '../measure.mjs';
import { join, textOf, together } from './peers.mjs';
import { finish, work } from './run.mjs';

const { server, pairs, inFlight, bytes, warmup, seconds, prefix } = work();
let done = 0;

class Pair {
  /** Numbers that still wait for one of the two. @type {Set<number>} */
  #half = new Set();
  #next = 0;
  #expected = 0;

  /** @param {import('./peers.mjs').Peer} sender @param {import('./peers.mjs').Peer} recipient @param {string} to */
  constructor(sender, recipient, to) {
    this.sender = sender;
    this.to = to;
    sender.onAnswered = (number) => this.#came(number);
    recipient.onArrived = (number) => this.#onArrived(number);
  }

  start() {
    for (let i = 0; i < inFlight; i++) this.#send();
  }

  #send() {
    const number = ++this.#next;
    this.sender.send(this.to, number, textOf(number, bytes));
  }

  /** @param {number} number */
  #onArrived(number) {
    if (number !== ++this.#expected) throw new Error(`Message ${this.#expected} was due, ${number} came.`);
    this.#came(number);
  }

  /** @param {number} number */
  #came(number) {
    if (!this.#half.delete(number)) return void this.#half.add(number);
    done += 1;
    this.#send();
  }
}

const all = await together(pairs, async (i) => {
  const recipient = await join(server, `${prefix}R${i}`);
  return new Pair(await join(server, `${prefix}S${i}`), recipient, `${prefix}R${i}`);
});
for (const pair of all) pair.start();
setTimeout(begin, warmup * 1000);

function begin() {
  const from = { done, cpu: cpuOf(server.pid), own: process.cpuUsage(), at: performance.now() };
  setTimeout(() => {
    const messages = done - from.done;
    const time = (performance.now() - from.at) / 1000;
    const own = process.cpuUsage(from.own);
    finish({
      messages,
      stored: done,
      rate: messages / time,
      cpu: (cpuOf(server.pid) - from.cpu) / messages,
      generatorBusy: (own.user + own.system) / 1e6 / time,
    });
  }, seconds * 1000);
}
