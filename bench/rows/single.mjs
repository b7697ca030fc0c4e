/**
 * One sender with one message of 200 bytes in flight, to a recipient that is here: each waits for its own sync. Against
 * writing 8 KiB over and `fdatasync`, one after the other, which is what the disk has to do at least.
 */
import { runLoad } from '../load/run.mjs';
import { alternate, median, medianRatio } from '../measure.mjs';
import { prefix, short } from '../row.mjs';
import { startRelay } from '../servers/start.mjs';

/** @type {import('../row.mjs').Run} */
export async function run(setup) {
  const { stop, ...server } = await startRelay();
  const single = (warmup = 0.3) =>
    runLoad('single', { server, prefix: prefix(), bytes: 200, warmup, seconds: setup.seconds });
  await single(3);
  const { ours = [], theirs = [] } = await alternate(setup.rounds, {
    ours: () => single(),
    theirs: () => runLoad('sync', { dir: server.dir, bytes: 8192, seconds: setup.seconds }),
  });
  await stop();
  const [one, two] = [ours.map(({ rate }) => rate), theirs.map(({ rate }) => rate)];
  return [
    {
      what: 'rate',
      value: medianRatio(one, two),
      unit: 'x',
      atLeast: 0.5,
      lookFor: 0.8,
      better: 'more',
      note: `${short(median(one))} : ${short(median(two))} /s`,
    },
  ];
}
