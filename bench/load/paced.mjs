/**
 * So many messages a second, spread over pairs: the time from the call to the arrival, which is one way, since both ends
 * are in this process. Answers with the times, milliseconds.
 */
import { join, textOf } from './peers.mjs';
import { finish, work } from './run.mjs';

const { server, pairs, rate, bytes, seconds, prefix } = work();
/** @type {Map<number, number>} */
const sentAt = new Map();
/** @type {number[]} */
const times = [];

const senders = await Promise.all(
  Array.from({ length: pairs }, async (_, i) => {
    const recipient = await join(server, `${prefix}R${i}`);
    recipient.onArrived = (number) => times.push(performance.now() - (sentAt.get(number) ?? Number.NaN));
    return await join(server, `${prefix}S${i}`);
  }),
);
const start = performance.now();
let sent = 0;

/** What is due is sent; a timer that comes late does not thin out what it had to send. */
function tick() {
  for (const due = ((performance.now() - start) / 1000) * rate; sent < due; sent++) {
    sentAt.set(sent, performance.now());
    senders[sent % pairs]?.send(`${prefix}R${sent % pairs}`, sent, textOf(sent, bytes));
  }
  if (sent < rate * seconds) setTimeout(tick, 1);
  else setTimeout(() => finish({ times: times.slice(rate / 2) }), 500);
}
tick();
