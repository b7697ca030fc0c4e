/**
 * Asks for one page after the other, and answers with the times, milliseconds. `kind`: the `last` 50 of an inbox, or a
 * `search` for words of which some are in every third message and some in a few. With `others`, pairs send meanwhile at a
 * slow pace, and the times are those of their answers.
 */
import { RelayPeer, textOf } from './peers.mjs';
import { finish, work } from './run.mjs';

const { server, who, kind, count, others, prefix } = work();
const QUERIES = [
  'build',
  'green review',
  'linker reports missing',
  'parser*',
  'flaky42',
  'module7* branch',
  'tests the error',
  'say1234',
];

const asker = await RelayPeer.join(server, who.name, { key: who.key, window: 0 });
/** @param {number} i */
const args = (i) => (kind === 'search' ? { query: QUERIES[i % QUERIES.length], count: 20 } : { count: 50 });

/** @param {number} i */
async function timed(i) {
  const start = performance.now();
  await asker.ask('history', args(i));
  return performance.now() - start;
}

for (let i = 0; i < QUERIES.length * 2; i++) await timed(i);
/** @type {number[]} */
const times = [];
if (others) {
  const stop = await meanwhile(times);
  for (let i = 0; i < count; i++) await timed(i);
  stop();
} else {
  for (let i = 0; i < count; i++) times.push(await timed(i));
}
finish({ times });

/** Sends 200 a second until stopped. @param {number[]} into @returns {Promise<() => void>} */
async function meanwhile(into) {
  await RelayPeer.join(server, `${prefix}R`);
  const sender = await RelayPeer.join(server, `${prefix}S`);
  /** @type {Map<number, number>} */
  const sentAt = new Map();
  sender.onAnswered = (number) => into.push(performance.now() - (sentAt.get(number) ?? 0));
  let number = 0;
  const timer = setInterval(() => {
    sentAt.set(++number, performance.now());
    sender.send(`${prefix}R`, number, textOf(number, 200));
  }, 5);
  return () => clearInterval(timer);
}
