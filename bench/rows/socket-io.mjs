/** As `direct`, against a relay of a few lines over Socket.IO, which acknowledges what it has passed on and stores nothing. */
import { alternate, median, medianRatio } from '../measure.mjs';
import { short } from '../row.mjs';
import { startRelay, startSocketIo } from '../servers/start.mjs';
import { pairs, quiet } from './direct.mjs';

/** @type {import('../row.mjs').Run} */
export async function run(setup) {
  const load = { pairs: 8, inFlight: 16, bytes: 200 };
  const [relay, other] = [await startRelay(), await startSocketIo()];
  for (const server of [relay, other]) await pairs(server, { ...load, warmup: 3, seconds: 0.5 });
  const work = { ...load, warmup: 0.5, seconds: setup.seconds };
  const { ours = [], theirs = [] } = await alternate(setup.rounds, {
    ours: async () => {
      const result = await pairs(relay, work);
      await quiet(relay.pid);
      return result;
    },
    theirs: () => pairs(other, work),
  });
  for (const server of [relay, other]) await server.stop();
  return /** @type {const} */ (['rate', 'cpu']).map((what) => {
    const [one, two] = [ours.map((result) => result[what]), theirs.map((result) => result[what])];
    return {
      what: what === 'cpu' ? 'processor time' : what,
      value: medianRatio(one, two),
      unit: 'x',
      note: `${short(median(one))} : ${short(median(two))}`,
    };
  });
}
