/** As `direct`, with 64 pairs. For orientation: the bare relay with a log. */
import { alternate, median, medianRatio } from '../measure.mjs';
import { short } from '../row.mjs';
import { startBare, startRelay } from '../servers/start.mjs';
import { pairs, quiet } from './direct.mjs';

/** @type {import('../row.mjs').Run} */
export async function run(setup) {
  return await against(setup, { pairs: 64, inFlight: 16, bytes: 200 }, { atLeast: 1, lookFor: 1.5 });
}

/**
 * Rates of the two, and the processor time beside it.
 * @param {import('../row.mjs').Setup} setup @param {object} load @param {{ atLeast: number, lookFor: number }} wanted
 * @returns {Promise<import('../row.mjs').Figure[]>}
 */
export async function against(setup, load, wanted) {
  const [relay, bare, log] = [await startRelay(), await startBare(), await startBare('recipient', 'log')];
  for (const server of [relay, bare, log]) await pairs(server, { ...load, warmup: 3, seconds: 0.5 });
  const work = { ...load, warmup: 0.5, seconds: setup.seconds };
  const results = await alternate(setup.rounds, {
    ours: async () => {
      const result = await pairs(relay, work);
      await quiet(relay.pid);
      return result;
    },
    theirs: () => pairs(bare, work),
    log: () => pairs(log, work),
  });
  for (const server of [relay, bare, log]) await server.stop();
  const figure = (/** @type {'rate' | 'cpu'} */ what, side = 'ours') => {
    const [one = [], two = []] = [side, 'theirs'].map((each) => (results[each] ?? []).map((result) => result[what]));
    return {
      value: medianRatio(one, two),
      unit: /** @type {const} */ ('x'),
      note: `${short(median(one))} : ${short(median(two))}`,
    };
  };
  return [
    { what: 'rate', ...figure('rate'), ...wanted, better: 'more' },
    { what: 'processor time', ...figure('cpu') },
    { what: 'rate of the bare relay with a log', ...figure('rate', 'log') },
    { what: 'processor time of the bare relay with a log', ...figure('cpu', 'log') },
  ];
}
