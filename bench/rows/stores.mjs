/**
 * Storing only: one connection with 128 messages of 200 bytes in flight, nobody reads them. Against JetStream with file
 * storage, which does not sync before it answers: by `publish` of its client for Node, and (for orientation) by a writer of
 * bare frames as fast as the one that writes ours. For orientation, too, a Redis stream that syncs each write.
 */

import { runLoad } from '../load/run.mjs';
import { alternate, median, medianRatio } from '../measure.mjs';
import { packages } from '../packages.mjs';
import { prefix, short } from '../row.mjs';
import { startJetStream, startRedis, startRelay } from '../servers/start.mjs';

/** @type {import('../row.mjs').Run} */
export async function run(setup) {
  const [relay, nats, redis] = [await startRelay(), await startJetStream(), await startRedis()];
  const there = [relay, nats, redis].flatMap((server) => server ?? []);
  const publish = (
    /** @type {import('../servers/start.mjs').Server} */ { stop, ...server },
    /** @type {{ warmup?: number, seconds?: number, packages?: string }} */
    { warmup = 0.5, seconds = setup.seconds, ...how } = {},
  ) => runLoad('publish', { server, prefix: prefix(), inFlight: 128, bytes: 200, warmup, seconds, ...how });
  for (const server of there) await publish(server, { warmup: 2, seconds: 0.5 });
  const client = { packages: `${packages()}/` };
  const results = await alternate(setup.rounds, {
    ...Object.fromEntries(there.map((server) => [server.protocol, () => publish(server)])),
    ...(nats ? { client: () => publish(nats, client) } : {}),
  });
  for (const server of there) await server.stop();
  const rates = (/** @type {string} */ side) => (results[side] ?? []).map(({ rate }) => rate);
  const ratio = (/** @type {string} */ side) => ({
    value: medianRatio(rates('relay'), rates(side)),
    unit: /** @type {const} */ ('x'),
    note: `${short(median(rates('relay')))} : ${short(median(rates(side)))} /s`,
  });
  return [
    ...(nats
      ? [
          {
            what: 'rate against JetStream',
            ...ratio('client'),
            atLeast: 1,
            lookFor: 2.5,
            better: /** @type {const} */ ('more'),
          },
          { what: 'rate against JetStream without its client', ...ratio('nats') },
        ]
      : []),
    ...(redis ? [{ what: 'rate against a Redis stream that syncs', ...ratio('redis') }] : []),
  ];
}
