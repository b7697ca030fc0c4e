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
/** Ninety-five of a hundred are back by then, milliseconds, when it was down for a moment: who has tried for long waits longer. */
const SOON = 5_000;
const STABLE = 10_500;
/** How long the relay is down at least, milliseconds, and how often each client has tried in vain by then: every third time it tries often. */
const SHORT = { down: 500, tries: 1 };
const LONG = { down: 4_000, tries: 3 };
/** Between two tries, milliseconds: a second, but for what a timer rounds off. */
const APART = 990;

const downOf = (restart: number) => (restart % 3 === 0 ? LONG : SHORT);

/** One try to connect, milliseconds: it began between the two. What a busy machine puts in there makes no gap smaller than it was. */
interface Try {
  readonly since: number;
  readonly at: number;
}

class Counted {
  readonly client: RelayClient;
  readonly outbox: Outbox;
  readonly tries: Try[] = [];
  backAt = 0;

  constructor(name: string, relay: RelayProcess, dir: string, wanted = name, keys = new MemoryKeys()) {
    let since = 0;
    this.client = new RelayClient({
      url: relay.place.url,
      token: relay.place.token,
      hello: { name: wanted, seat: true, window: 0 },
      instance: instanceId(systemRandom),
      keys,
      clock: systemClock,
      random: systemRandom,
      connect: (target) => {
        this.tries.push({ since, at: systemClock.monotonic() });
        return connectWebSocket(target);
      },
    });
    this.client.on('state', ({ phase }) => {
      if (phase === 'connecting') since = systemClock.monotonic();
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

async function allTried(clients: readonly Counted[], since: number, least: number): Promise<void> {
  const hasTried = ({ tries }: Counted) => tries.filter(({ at }) => at >= since).length >= least;
  while (!clients.every(hasTried)) await sleep(systemClock, 20);
}

/** What lies between two tries after a loss, milliseconds. The first comes at once, and what lies before it is no gap. */
function gapsAfter(tries: readonly Try[], loss: number): number[] {
  const after = tries.filter(({ at }) => at >= loss);
  return after.slice(1).map(({ at }, i) => at - (after[i]?.since ?? at));
}

const hurried = (gaps: readonly number[]) =>
  gaps.filter((gap) => gap < APART).map((gap) => `tried again after ${Math.round(gap)} ms`);

describe('R12: two hundred clients', () => {
  it(`are back within five seconds of the relay, none of them hurried, nothing lost, ${RESTARTS} times`, async () => {
    const relay = new RelayProcess(machine());
    await relay.start();
    const dir = tempDir();
    const clients = Array.from({ length: CLIENTS }, (_, i) => new Counted(`C${i}`, relay, dir));
    for (const { client } of clients) client.start();
    await all(clients);
    const late: number[] = [];
    const gaps: number[] = [];
    let leastGaps = 0;
    for (let n = 1; n <= RESTARTS; n += 1) {
      // A connection counts as one that works after ten seconds: before, the pauses only grow.
      await sleep(systemClock, STABLE);
      const lostAt = systemClock.monotonic();
      const { down, tries } = downOf(n);
      await relay.kill();
      await Promise.all([sleep(systemClock, down), allTried(clients, lostAt, tries)]);
      // The try that finds it is one more.
      leastGaps += CLIENTS * tries;
      // Sent while nobody listens: kept, and there once it is back.
      await Promise.all(
        clients.map(({ outbox }, i) => outbox.send({ id: `m${n}-${i}`, to: ['C0'], body: `${n} ${i}` })),
      );
      await relay.start();
      const upAt = systemClock.monotonic();
      await all(clients);
      if (tries === SHORT.tries) late.push(...clients.map(({ backAt }) => Math.max(0, backAt - upAt)));
      gaps.push(...clients.flatMap(({ tries }) => gapsAfter(tries, lostAt)));
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
    expectNone('hurried tries', hurried(gaps));
    expect(gaps.length).toBeGreaterThanOrEqual(leastGaps);
    expect(got.size).toBe(CLIENTS * RESTARTS);
    expect(p95).toBeLessThanOrEqual(SOON);
    record('R12', {
      clients: CLIENTS,
      restarts: RESTARTS,
      'back p95 ms': Math.round(p95),
      'gaps between tries': gaps.length,
      'shortest ms': Math.floor(Math.min(...gaps)),
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
