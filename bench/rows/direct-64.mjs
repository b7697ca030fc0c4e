/** As `direct`, with 64 pairs. */
import { alternate, median, medianRatio } from '../measure.mjs';
import { short } from '../row.mjs';
import { startBare, startRelay } from '../servers/start.mjs';
import { pairs } from './direct.mjs';

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
  const [relay, bare] = [await startRelay(), await startBare()];
  for (const server of [relay, bare]) await pairs(server, { ...load, warmup: 3, seconds: 0.5 });
  const work = { ...load, warmup: 0.5, seconds: setup.seconds };
  const { ours = [], theirs = [] } = await alternate(setup.rounds, {
    ours: () => pairs(relay, work),
    theirs: () => pairs(bare, work),
  });
  for (const server of [relay, bare]) await server.stop();
  const figure = (/** @type {'rate' | 'cpu'} */ what) => {
    const [one, two] = [ours.map((result) => result[what]), theirs.map((result) => result[what])];
    return {
      value: medianRatio(one, two),
      unit: /** @type {const} */ ('x'),
      note: `${short(median(one))} : ${short(median(two))}`,
    };
  };
  return [
    { what: 'rate', ...figure('rate'), ...wanted, better: 'more' },
    { what: 'processor time', ...figure('cpu') },
  ];
}
