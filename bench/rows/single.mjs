/**
 * One sender with one message of 200 bytes in flight, to a recipient that is here: each waits for its own sync. Against
 * writing 8 KiB over and `fdatasync`, one after the other, which is what the disk has to do at least. For orientation: the
 * bare relay with a log, which syncs what it passes on and could find none of it again.
 */
import { runLoad } from '../load/run.mjs';
import { alternate, median, medianRatio } from '../measure.mjs';
import { prefix, short } from '../row.mjs';
import { startBare, startRelay } from '../servers/start.mjs';

/** @type {import('../row.mjs').Run} */
export async function run(setup) {
  const [relay, bare] = [await startRelay(), await startBare('recipient', 'log')];
  const single = (/** @type {import('../servers/start.mjs').Server} */ { stop, ...server }, warmup = 0.3) =>
    runLoad('single', { server, prefix: prefix(), bytes: 200, warmup, seconds: setup.seconds });
  for (const server of [relay, bare]) await single(server, 3);
  const results = await alternate(setup.rounds, {
    ours: () => single(relay),
    log: () => single(bare),
    disk: () => runLoad('sync', { dir: relay.dir, bytes: 8192, seconds: setup.seconds }),
  });
  for (const server of [relay, bare]) await server.stop();
  const figure = (/** @type {string} */ side) => {
    const [one, two] = [side, 'disk'].map((each) => (results[each] ?? []).map(({ rate }) => rate));
    return {
      value: medianRatio(one ?? [], two ?? []),
      unit: /** @type {const} */ ('x'),
      note: `${short(median(one ?? []))} : ${short(median(two ?? []))} /s`,
    };
  };
  return [
    { what: 'rate', ...figure('ours'), atLeast: 0.5, lookFor: 0.8, better: 'more' },
    { what: 'rate of the bare relay with a log', ...figure('log') },
  ];
}
