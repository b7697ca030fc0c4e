/**
 * One way, from the call to the arrival, at 200 messages a second over 8 pairs, against the bare relay. Ours has synced
 * before anybody gets it. For orientation: the bare relay with a log, which syncs, too, and could find nothing again.
 */
import { runLoad } from '../load/run.mjs';
import { alternate, median, medianRatio, quantile } from '../measure.mjs';
import { prefix, short } from '../row.mjs';
import { startBare, startRelay } from '../servers/start.mjs';

/** @type {import('../row.mjs').Run} */
export async function run(setup) {
  const [relay, bare, log] = [await startRelay(), await startBare(), await startBare('recipient', 'log')];
  const paced = (
    /** @type {import('../servers/start.mjs').Server} */ { stop, ...server },
    seconds = setup.seconds * 2,
  ) => runLoad('paced', { server, prefix: prefix(), pairs: 8, rate: 200, bytes: 200, seconds });
  for (const server of [relay, bare, log]) await paced(server, 3);
  const results = await alternate(setup.rounds, {
    ours: () => paced(relay),
    theirs: () => paced(bare),
    log: () => paced(log),
  });
  for (const server of [relay, bare, log]) await server.stop();
  const figure = (/** @type {string} */ side, /** @type {number} */ fraction) => {
    const [one = [], two = []] = [side, 'theirs'].map((each) =>
      (results[each] ?? []).map(({ times }) => quantile(times, fraction)),
    );
    const note = `${short(median(one))} : ${short(median(two))} ms`;
    return { value: medianRatio(one, two), unit: /** @type {const} */ ('x'), note };
  };
  const budget = /** @type {const} */ ({ atLeast: 3, lookFor: 2, better: 'less' });
  return [0.5, 0.99].flatMap((fraction) => [
    { what: `p${fraction * 100}`, ...figure('ours', fraction), ...budget },
    { what: `p${fraction * 100} of the bare relay with a log`, ...figure('log', fraction) },
  ]);
}
