/**
 * One sender, so many recipients, so many broadcasts in flight: one is, until it was answered and has arrived everywhere.
 * Answers with the server's processor time for each delivery, and deliveries a second.
 */
import { cpuOf } from '../measure.mjs';
import { join, textOf, together } from './peers.mjs';
import { finish, work } from './run.mjs';

const { server, recipients, inFlight, bytes, warmup, seconds, prefix } = work();
/** Number → arrivals and the answer that are still to come. @type {Map<number, number>} */
const open = new Map();
let delivered = 0;
let next = 0;

const all = await together(recipients, (i) => join(server, `${prefix}R${i}`));
const sender = await join(server, `${prefix}S`);
sender.onAnswered = came;
for (const peer of all) {
  peer.onArrived = (number) => {
    delivered += 1;
    came(number);
  };
}
for (let i = 0; i < inFlight; i++) send();
setTimeout(begin, warmup * 1000);

function send() {
  const number = ++next;
  open.set(number, recipients + 1);
  sender.send('all', number, textOf(number, bytes));
}

/** @param {number} number */
function came(number) {
  const left = (open.get(number) ?? 0) - 1;
  if (left > 0) return void open.set(number, left);
  open.delete(number);
  send();
}

function begin() {
  const from = { delivered, cpu: cpuOf(server.pid), at: performance.now() };
  setTimeout(() => {
    const deliveries = delivered - from.delivered;
    const time = (performance.now() - from.at) / 1000;
    finish({ deliveries, rate: deliveries / time, cpu: (cpuOf(server.pid) - from.cpu) / deliveries });
  }, seconds * 1000);
}
