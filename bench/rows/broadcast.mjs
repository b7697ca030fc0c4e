/**
 * A broadcast to 100 and to 1,000 who are here, 16 in flight, against a loop over the connections of a bare `ws` server.
 * Ours is stored once, and each recipient says that it has seen it; there nobody says anything.
 */
import { runLoad } from '../load/run.mjs';
import { alternate, median, medianRatio } from '../measure.mjs';
import { prefix, short } from '../row.mjs';
import { startBare, startRelay } from '../servers/start.mjs';

/** @type {import('../row.mjs').Run} */
export async function run(setup) {
  /** @type {import('../row.mjs').Figure[]} */
  const figures = [];
  for (const recipients of [100, 1_000]) {
    for (const inFlight of [16, 1]) figures.push(await one(setup, recipients, inFlight));
  }
  return figures;
}

/** @param {import('../row.mjs').Setup} setup @param {number} recipients @param {number} inFlight @returns {Promise<import('../row.mjs').Figure>} */
async function one(setup, recipients, inFlight) {
  const [relay, bare] = [await startRelay(), await startBare('relay')];
  const load = (/** @type {import('../servers/start.mjs').Server} */ { stop, ...server }, warmup = 0.5) =>
    runLoad('broadcast', {
      server,
      prefix: prefix(),
      recipients,
      inFlight,
      bytes: 200,
      warmup,
      seconds: setup.seconds,
    });
  for (const server of [relay, bare]) await load(server, 3);
  const { ours = [], theirs = [] } = await alternate(setup.rounds, {
    ours: () => load(relay),
    theirs: () => load(bare),
  });
  for (const server of [relay, bare]) await server.stop();
  const [mine, other] = [ours.map(({ cpu }) => cpu), theirs.map(({ cpu }) => cpu)];
  return {
    what: `processor time of a delivery, to ${recipients}${inFlight === 1 ? ', one in flight' : ''}`,
    value: medianRatio(mine, other),
    unit: 'x',
    note: `${short(median(mine))} : ${short(median(other))} µs`,
    ...(inFlight === 1 ? {} : { atLeast: 1.5, lookFor: 1, better: 'less' }),
  };
}
