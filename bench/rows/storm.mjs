/**
 * One way, from the call to the arrival, at 200 messages a second over 8 pairs: while twenty infected agents copy what they
 * get to everybody, against the same relay without them. They are braked, and those who have nothing to do with it are not hurt.
 * What plays them leaves the processor to relay and pairs, as if it ran elsewhere; for orientation also where it does not.
 */
import { runLoad } from '../load/run.mjs';
import { alternate, median, medianRatio, quantile } from '../measure.mjs';
import { prefix, short } from '../row.mjs';
import { startRelay } from '../servers/start.mjs';

/** @type {import('../row.mjs').Run} */
export async function run(setup) {
  const { stop, ...server } = await startRelay();
  const seconds = setup.seconds * 2;
  const paced = () => runLoad('paced', { server, prefix: prefix(), pairs: 8, rate: 200, bytes: 200, seconds });
  const storm = async (/** @type {boolean} */ aside) => {
    const load = { server, prefix: prefix(), agents: 20, everyMs: 250, bytes: 200, seconds: seconds + 1, aside };
    const [pairs, infected] = await Promise.all([paced(), runLoad('storm', load)]);
    return { ...pairs, ...infected };
  };
  await paced();
  const {
    stormy = [],
    crowded = [],
    calm = [],
  } = await alternate(setup.rounds, { stormy: () => storm(true), crowded: () => storm(false), calm: paced });
  await stop();
  const [one = [], three = [], two = []] = [stormy, crowded, calm].map((side) =>
    side.map(({ times }) => quantile(times, 0.99)),
  );
  const infections = (seconds + 1) * 4;
  const arrived = median(stormy.map((round) => round.arrived / infections));
  return [
    {
      what: 'p99 of others',
      value: medianRatio(one, two),
      unit: 'x',
      atLeast: 2,
      lookFor: 1.5,
      better: 'less',
      note: `${short(median(one))} : ${short(median(two))} ms`,
    },
    {
      what: 'p99 of others, on the same two cores',
      value: medianRatio(three, two),
      unit: 'x',
      better: 'less',
      note: `${short(median(three))} : ${short(median(two))} ms`,
    },
    { what: 'copies that arrive, each infection', value: arrived, unit: 'x', atLeast: 40, lookFor: 10, better: 'less' },
  ];
}
