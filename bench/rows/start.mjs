/**
 * From the start of the relay's process to the line that says it is ready, with nothing stored and with a million messages,
 * against a bare `ws` server, which is ready when it listens.
 */
import { alternate, median, medianRatio } from '../measure.mjs';
import { short } from '../row.mjs';
import { newDir, relayIn, startBare } from '../servers/start.mjs';

/** @type {import('../row.mjs').Run} */
export async function run(setup) {
  const { dir } = await setup.stored();
  const {
    empty = [],
    million = [],
    theirs = [],
  } = await alternate(setup.rounds * 2, {
    empty: () => timed(() => relayIn(newDir())),
    million: () => timed(() => relayIn(dir, { keep: true })),
    theirs: () => timed(() => startBare()),
  });
  const figure = (/** @type {number[]} */ ours) => ({
    value: medianRatio(ours, theirs),
    unit: /** @type {const} */ ('x'),
    atLeast: 2,
    lookFor: 1.2,
    better: /** @type {const} */ ('less'),
    note: `${short(median(ours))} : ${short(median(theirs))} ms`,
  });
  return [
    { what: 'start, empty', ...figure(empty) },
    { what: 'start, a million messages', ...figure(million) },
  ];
}

/** @param {() => Promise<import('../servers/start.mjs').Server>} start */
async function timed(start) {
  const before = performance.now();
  const { stop } = await start();
  const time = performance.now() - before;
  await stop();
  return time;
}
