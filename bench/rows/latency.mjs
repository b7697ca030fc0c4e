/**
 * One way, from the call to the arrival, at 200 messages a second over 8 pairs, against the bare relay. Ours has synced
 * before anybody gets it.
 */
import { runLoad } from '../load/run.mjs';
import { alternate, median, quantile } from '../measure.mjs';
import { prefix, short } from '../row.mjs';
import { startBare, startRelay } from '../servers/start.mjs';

/** @type {import('../row.mjs').Run} */
export async function run(setup) {
  const [relay, bare] = [await startRelay(), await startBare()];
  const paced = (
    /** @type {import('../servers/start.mjs').Server} */ { stop, ...server },
    seconds = setup.seconds * 2,
  ) => runLoad('paced', { server, prefix: prefix(), pairs: 8, rate: 200, bytes: 200, seconds });
  for (const server of [relay, bare]) await paced(server, 3);
  const { ours = [], theirs = [] } = await alternate(setup.rounds, {
    ours: () => paced(relay),
    theirs: () => paced(bare),
  });
  for (const server of [relay, bare]) await server.stop();
  return [0.5, 0.99].map((fraction) => {
    const [one, two] = [ours, theirs].map((side) => median(side.map(({ times }) => quantile(times, fraction))));
    return {
      what: `p${fraction * 100}`,
      value: (one ?? 0) / (two ?? 1),
      unit: 'x',
      atLeast: 3,
      lookFor: 2,
      better: 'less',
      note: `${short(one ?? 0)} : ${short(two ?? 0)} ms`,
    };
  });
}
