/** One sender, one message in flight, to a recipient that is here. Answers with messages a second. */
import { join, textOf } from './peers.mjs';
import { finish, work } from './run.mjs';

const { server, bytes, warmup, seconds, prefix } = work();
await join(server, `${prefix}R`);
const sender = await join(server, `${prefix}S`);
let done = 0;
const send = () => sender.send(`${prefix}R`, done, textOf(done, bytes));
sender.onAnswered = () => {
  done += 1;
  send();
};
send();
setTimeout(() => {
  const from = { done, at: performance.now() };
  setTimeout(() => finish({ rate: (done - from.done) / ((performance.now() - from.at) / 1000) }), seconds * 1000);
}, warmup * 1000);
