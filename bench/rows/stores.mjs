/**
 * Storing only: one connection with 128 messages of 200 bytes in flight, nobody reads them. Against JetStream with file
 * storage, which does not sync before it answers: each by its own client for Node, theirs by `publish`. For orientation: both by
 * writers of bare frames, and a Redis stream that syncs each write.
 */
import { client } from '../client.mjs';
import { runLoad } from '../load/run.mjs';
import { alternate, median, medianRatio } from '../measure.mjs';
import { packages } from '../packages.mjs';
import { prefix, short } from '../row.mjs';
import { startJetStream, startRedis, startRelay } from '../servers/start.mjs';
import { quiet } from './direct.mjs';

/** @type {import('../row.mjs').Run} */
export async function run(setup) {
  const [relay, nats, redis] = [await startRelay(), await startJetStream(), await startRedis()];
  const there = [relay, nats, redis].flatMap((server) => server ?? []);
  const publish = (
    /** @type {import('../servers/start.mjs').Server} */ { stop, ...server },
    /** @type {{ warmup?: number, seconds?: number, packages?: string, client?: string }} */
    { warmup = 0.5, seconds = setup.seconds, ...how } = {},
  ) => runLoad('publish', { server, prefix: prefix(), inFlight: 128, bytes: 200, warmup, seconds, ...how });
  for (const server of there) await publish(server, { warmup: 2, seconds: 0.5 });
  const ours = { client: await client() };
  const theirs = { packages: `${packages()}/` };
  const ownWork = async (/** @type {typeof ours | {}} */ how) => {
    const result = await publish(relay, how);
    await quiet(relay.pid);
    return result;
  };
  await publish(relay, { ...ours, warmup: 2, seconds: 0.5 });
  const results = await alternate(setup.rounds, {
    relay: () => ownWork({}),
    client: () => ownWork(ours),
    ...Object.fromEntries(there.slice(1).map((server) => [server.protocol, () => publish(server)])),
    ...(nats ? { published: () => publish(nats, theirs) } : {}),
  });
  for (const server of there) await server.stop();
  const rates = (/** @type {string} */ side) => (results[side] ?? []).map(({ rate }) => rate);
  const ratio = (/** @type {string} */ side, mine = 'relay') => ({
    value: medianRatio(rates(mine), rates(side)),
    unit: /** @type {const} */ ('x'),
    note: `${short(median(rates(mine)))} : ${short(median(rates(side)))} /s`,
  });
  return [
    ...(nats
      ? [
          {
            what: 'rate against JetStream',
            ...ratio('published', 'client'),
            atLeast: 1,
            lookFor: 2.5,
            better: /** @type {const} */ ('more'),
          },
          { what: 'rate against JetStream, without the clients', ...ratio('nats') },
        ]
      : []),
    ...(redis ? [{ what: 'rate against a Redis stream that syncs', ...ratio('redis') }] : []),
  ];
}
