/** R12: reconnecting is quick and calm. Two hundred real clients lose their relay at one moment. */
import { describe, expect, it } from 'vitest';
import { RelayClient } from '../../src/client/client.ts';
import { MemoryKeys } from '../../src/client/keys.ts';
import { Outbox } from '../../src/client/outbox.ts';
import { OutboxStore } from '../../src/client/outbox-store.ts';
import { connectWebSocket } from '../../src/client/socket.ts';
import { sleep, systemClock } from '../../src/util/clock.ts';
import { markProcess } from '../../src/util/processes.ts';
import { instanceId, systemRandom } from '../../src/util/random.ts';
import { machine } from '../support/cli.ts';
import { tempDir } from '../support/temp-dir.ts';
import { expectNone } from './support/check.ts';
import { times } from './support/counts.ts';
import { record } from './support/figures.ts';
import { RelayProcess } from './support/relay-process.ts';

const CLIENTS = 200;
const RESTARTS = times({ ci: 3, long: 30, planted: 1 });
/** Ninety-five of a hundred are back by then, milliseconds. */
const SOON = 5_000;
const STABLE = 10_500;

class Counted {
  readonly client: RelayClient;
  readonly outbox: Outbox;
  /** When it tried, milliseconds. */
  readonly tries: number[] = [];
  backAt = 0;

  constructor(name: string, relay: RelayProcess, dir: string, wanted = name, keys = new MemoryKeys()) {
    this.client = new RelayClient({
      url: relay.place.url,
      token: relay.place.token,
      hello: { name: wanted, seat: true, window: 0 },
      instance: instanceId(systemRandom),
      keys,
      clock: systemClock,
      random: systemRandom,
      connect: (target) => {
        this.tries.push(systemClock.monotonic());
        return connectWebSocket(target);
      },
    });
    this.client.on('welcome', () => {
      this.backAt = systemClock.monotonic();
    });
    const store = new OutboxStore({ dir, owner: markProcess(process.pid) });
    this.outbox = new Outbox({ client: this.client, store, name, clock: systemClock, random: systemRandom });
  }

  get isConnected(): boolean {
    return this.client.state.phase === 'connected';
  }
}

async function all(clients: readonly Counted[]): Promise<void> {
  while (!clients.every(({ isConnected }) => isConnected)) await sleep(systemClock, 20);
}

/** Tries closer together than a second, but for the first quick one after a loss. */
function hurried(name: string, tries: readonly number[], since: number): string[] {
  const after = tries.filter((at) => at >= since);
  return after.slice(2).flatMap((at, i) => {
    const gap = at - (after[i + 1] ?? 0);
    return gap < 990 ? [`${name} tried again after ${Math.round(gap)} ms`] : [];
  });
}

describe('R12: two hundred clients', () => {
  it(`are back within five seconds of the relay, none of them hurried, nothing lost, ${RESTARTS} times`, async () => {
    const relay = new RelayProcess(machine());
    await relay.start();
    const dir = tempDir();
    const clients = Array.from({ length: CLIENTS }, (_, i) => new Counted(`C${i}`, relay, dir));
    for (const { client } of clients) client.start();
    await all(clients);
    const late: number[] = [];
    const hasty: string[] = [];
    for (let n = 1; n <= RESTARTS; n += 1) {
      // A connection counts as one that works after ten seconds: before, the pauses only grow.
      await sleep(systemClock, STABLE);
      const lostAt = systemClock.monotonic();
      await relay.kill();
      await sleep(systemClock, 500);
      // Sent while nobody listens: kept, and there once it is back.
      await Promise.all(
        clients.map(({ outbox }, i) => outbox.send({ id: `m${n}-${i}`, to: ['C0'], body: `${n} ${i}` })),
      );
      await relay.start();
      const upAt = systemClock.monotonic();
      await all(clients);
      late.push(...clients.map(({ backAt }) => Math.max(0, backAt - upAt)));
      hasty.push(...clients.flatMap(({ tries }, i) => hurried(`C${i}`, tries, lostAt)));
      while (!clients.every(({ outbox }) => outbox.size === 0)) await sleep(systemClock, 20);
    }
    const [first] = clients;
    const got = new Set<string>();
    for (;;) {
      const page = await first?.client.request('receive', { count: 200, receipt: 'seen' });
      if (!page || page.messages.length === 0) break;
      for (const { id } of page.messages) got.add(id);
    }
    await Promise.all(clients.map(({ client }) => client.stop()));
    const p95 = late.sort((a, b) => a - b)[Math.floor(late.length * 0.95)] ?? 0;
    expectNone('hurried tries', hasty);
    expect(got.size).toBe(CLIENTS * RESTARTS);
    expect(p95).toBeLessThanOrEqual(SOON);
    record('R12', {
      clients: CLIENTS,
      restarts: RESTARTS,
      'back p95 ms': Math.round(p95),
      'hurried tries': 0,
      lost: 0,
    });
  });

  it('of one name and one key come to rest under two names, and take no turns', async () => {
    const relay = new RelayProcess(machine());
    await relay.start();
    const keys = new MemoryKeys();
    const [one, two] = [0, 1].map(() => new Counted('SAME', relay, tempDir(), 'SAME', keys));
    if (!one || !two) return expect.unreachable();
    one.client.start();
    await all([one]);
    two.client.start();
    await all([one, two]);
    await sleep(systemClock, 6_000);
    expect([one.client.state.name, two.client.state.name]).toEqual(['SAME', 'SAME.2']);
    expect([one.tries.length, two.tries.length]).toEqual([1, 1]);
    await Promise.all([one, two].map(({ client }) => client.stop()));
    record('R12', { 'connections of two with one name, in 6 s': one.tries.length + two.tries.length });
  });
});
