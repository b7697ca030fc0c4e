/**
 * Does the cost grow with the history, or with the sessions? For orientation: rate and processor time under the load of
 * `direct`, and one way at 200 messages a second, with 1 thousand, 100 thousand and 1 million messages stored; and the same
 * with 10, 100 and 1,000 sessions that all write, some 256 messages in flight in all (500 for 1,000). One way comes first, with just so
 * many stored; a rate is that of a relay that has warmed up, which stores some hundred thousand more.
 */
import { runLoad } from '../load/run.mjs';
import { median, quantile } from '../measure.mjs';
import { prefix, short } from '../row.mjs';
import { startRelay } from '../servers/start.mjs';
import { pairs, quiet } from './direct.mjs';

/** @typedef {import('../servers/start.mjs').Server} Server */

/** @type {import('../row.mjs').Run} */
export async function run(setup) {
  const eight = { pairs: 8, inFlight: 16 };
  /** @type {[string, object, () => Promise<Server>][]} */
  const cases = [
    ['1,000 stored', eight, () => filled(1_000)],
    ['100,000 stored', eight, () => filled(100_000)],
    ['1,000,000 stored', eight, async () => startRelay((await setup.stored()).dir)],
    ['10 sessions', { pairs: 5, inFlight: 51 }, () => startRelay()],
    ['100 sessions', { pairs: 50, inFlight: 5 }, () => startRelay()],
    ['1,000 sessions', { pairs: 500, inFlight: 1 }, () => startRelay()],
  ];
  const figures = [];
  for (const [what, load, start] of cases) figures.push(...(await measured(setup, what, load, await start())));
  return figures;
}

/** @param {number} messages */
async function filled(messages) {
  const server = await startRelay();
  const { stop, ...address } = server;
  await runLoad('fill', { server: address, messages, sessions: 32, bytes: 200 });
  return server;
}

/** @param {import('../row.mjs').Setup} setup @param {string} what @param {object} load @param {Server} relay @returns {Promise<import('../row.mjs').Figure[]>} */
async function measured(setup, what, load, relay) {
  const { stop, ...server } = relay;
  const few = { server, pairs: 8, rate: 200, bytes: 200 };
  await runLoad('paced', { ...few, prefix: prefix(), seconds: 2 });
  await quiet(relay.pid);
  const { times } = await runLoad('paced', { ...few, prefix: prefix(), seconds: setup.seconds * 2 });
  await pairs(relay, { ...load, bytes: 200, warmup: 3, seconds: 0.5 });
  const results = [];
  for (let round = 0; round < setup.rounds; round++) {
    await quiet(relay.pid);
    results.push(await pairs(relay, { ...load, bytes: 200, warmup: 0.5, seconds: setup.seconds }));
  }
  await stop();
  return [
    {
      what: `${what}: rate`,
      value: median(results.map(({ rate }) => rate)),
      unit: '/s',
      note: `${short(median(results.map(({ cpu }) => cpu)))} µs each`,
    },
    {
      what: `${what}: one way, p50`,
      value: quantile(times, 0.5),
      unit: 'ms',
      note: `p99 ${short(quantile(times, 0.99))}`,
    },
  ];
}
