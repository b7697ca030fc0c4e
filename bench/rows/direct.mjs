/**
 * Durable direct messages of 200 bytes, 8 pairs with 16 in flight each, against a bare `ws` relay with acknowledgments and
 * no store. Ours are synced before they are answered, and their recipients say that they have seen them; there the
 * recipient acknowledges each and the relay passes that on. A message is in flight until it was answered and has arrived.
 *
 * Processor time is the server's, all threads. The full text is filled once it is quiet: what that costs is its own figure,
 * as is the ratio to a relay that acknowledges by itself what it has passed on, without asking the recipient. For
 * orientation, too: the bare relay with a log, which syncs what it passes on and could find none of it again.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { runLoad } from '../load/run.mjs';
import { alternate, cpuOf, median, medianRatio } from '../measure.mjs';
import { prefix, short } from '../row.mjs';
import { startBare, startRelay } from '../servers/start.mjs';

const LOAD = { pairs: 8, inFlight: 16, bytes: 200 };

/** @type {import('../row.mjs').Run} */
export async function run(setup) {
  const servers = [
    await startRelay(),
    await startBare(),
    await startBare('relay'),
    await startBare('recipient', 'log'),
  ];
  const [relay, bare, once, log] = servers;
  if (!relay || !bare || !once || !log) return [];
  /** @type {number[]} */
  const later = [];
  for (const server of servers) await pairs(server, { ...LOAD, warmup: 3, seconds: 0.5 });
  const work = { ...LOAD, warmup: 0.5, seconds: setup.seconds };
  const results = await alternate(setup.rounds, {
    relay: async () => {
      const result = await pairs(relay, work);
      later.push((await quiet(relay.pid)) / result.stored);
      return result;
    },
    bare: () => pairs(bare, work),
    once: () => pairs(once, work),
    log: () => pairs(log, work),
  });
  for (const server of servers) await server.stop();
  const of = (/** @type {string} */ side, /** @type {'rate' | 'cpu' | 'generatorBusy'} */ what) =>
    (results[side] ?? []).map((result) => result[what]);
  const note = (/** @type {'rate' | 'cpu'} */ what, theirs = 'bare', ours = 'relay') =>
    `${short(median(of(ours, what)))} : ${short(median(of(theirs, what)))}`;
  const [busy, busyThere] = ['relay', 'bare'].map((side) => short(median(of(side, 'generatorBusy'))));
  return [
    {
      what: 'rate',
      value: medianRatio(of('relay', 'rate'), of('bare', 'rate')),
      unit: 'x',
      atLeast: 0.8,
      lookFor: 1.2,
      better: 'more',
      note: `${note('rate')} /s; the generator took ${busy} : ${busyThere} of a core`,
    },
    {
      what: 'processor time',
      value: medianRatio(of('relay', 'cpu'), of('bare', 'cpu')),
      unit: 'x',
      atLeast: 1,
      lookFor: 0.6,
      better: 'less',
      note: `${note('cpu')} µs`,
    },
    {
      what: 'processor time, acknowledged by the relay only',
      value: medianRatio(of('relay', 'cpu'), of('once', 'cpu')),
      unit: 'x',
      note: `${note('cpu', 'once')} µs`,
    },
    { what: 'full text of one, filled later', value: median(later), unit: 'µs' },
    {
      what: 'rate of the bare relay with a log',
      value: medianRatio(of('log', 'rate'), of('bare', 'rate')),
      unit: 'x',
      note: `${note('rate', 'bare', 'log')} /s`,
    },
    {
      what: 'processor time of the bare relay with a log',
      value: medianRatio(of('log', 'cpu'), of('bare', 'cpu')),
      unit: 'x',
      note: `${note('cpu', 'bare', 'log')} µs`,
    },
  ];
}

/** @param {import('../servers/start.mjs').Server} server @param {object} work */
export function pairs({ stop, ...server }, work) {
  return runLoad('pairs', { server, prefix: prefix(), ...work });
}

/**
 * Waits until a server does nothing more, so that it takes nothing from whoever is measured next; answers with the microseconds
 * that it took for what it still did.
 * @param {number} pid
 */
export async function quiet(pid) {
  const start = cpuOf(pid);
  await sleep(1_500);
  for (let before = 0; cpuOf(pid) - before > 5_000; await sleep(250)) before = cpuOf(pid);
  return cpuOf(pid) - start;
}
