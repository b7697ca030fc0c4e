/**
 * Private memory of a connection that is there and idle: what 10,000 take more than 1,000, divided by 9,000, against a bare
 * `ws` server. Ours say hello as session processes do, so that each has a name, an inbox and a place among the present.
 */
import { runLoad } from '../load/run.mjs';
import { prefix, short } from '../row.mjs';
import { startBare, startRelay } from '../servers/start.mjs';

const STEPS = [1_000, 10_000];

/** @type {import('../row.mjs').Run} */
export async function run() {
  const [ours, theirs] = [await each(await startRelay()), await each(await startBare())];
  return [
    {
      what: 'memory of a connection',
      value: ours / theirs,
      unit: 'x',
      atLeast: 1.5,
      lookFor: 1.2,
      better: 'less',
      note: `${short(ours / 1024)} : ${short(theirs / 1024)} KiB`,
    },
  ];
}

/** @param {import('../servers/start.mjs').Server} server */
async function each({ stop, ...server }) {
  const { memory } = await runLoad('crowd', { server, prefix: prefix(), steps: STEPS, hello: { window: 0 } });
  await stop();
  const [few = 0, many = 0] = STEPS;
  return (memory[1] - memory[0]) / (many - few);
}
