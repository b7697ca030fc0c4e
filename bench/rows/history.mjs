/**
 * With a million messages stored: the last 50 of what one session sent and got, and a search in all of it for words of
 * which some are in every third message and some in a few; and the answers that others wait for while somebody searches
 * without pause. 99th percentiles, milliseconds, as the asker sees them.
 */
import { runLoad } from '../load/run.mjs';
import { quantile } from '../measure.mjs';
import { prefix, short } from '../row.mjs';
import { startRelay } from '../servers/start.mjs';

/** @type {import('../row.mjs').Run} */
export async function run(setup) {
  const who = await setup.stored();
  const { stop, ...server } = await startRelay(who.dir);
  const ask = async (/** @type {object} */ work) =>
    (await runLoad('ask', { server, who, prefix: prefix(), ...work })).times;
  const last = await ask({ kind: 'last', count: 1_000 });
  const search = await ask({ kind: 'search', count: 1_000 });
  const others = await ask({ kind: 'search', count: 1_000, others: true });
  await stop();
  const figure = (/** @type {number[]} */ times) => ({
    value: quantile(times, 0.99),
    unit: /** @type {const} */ ('ms'),
    better: /** @type {const} */ ('less'),
    note: `p50 ${short(quantile(times, 0.5))}`,
  });
  return [
    { what: 'the last 50, p99', ...figure(last), atLeast: 10, lookFor: 2 },
    { what: 'a search, p99', ...figure(search), atLeast: 50, lookFor: 15 },
    { what: 'answers to others meanwhile, p99', ...figure(others), atLeast: 50, lookFor: 20 },
  ];
}
