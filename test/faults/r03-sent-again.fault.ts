/** R3: a send repeated with its id is stored once, for ever. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LocalJournal } from '../../src/journal/local.ts';
import { RelayError } from '../../src/protocol/codes.ts';
import type { Command, Send, Sent } from '../../src/state/command.ts';
import { afterEveryTest } from '../support/cleanup.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { type LiveRelay, liveRelay } from '../support/live-relay.ts';
import { WireClient } from '../support/wire-client.ts';
import { Cable } from './support/cable.ts';
import { expectPlaced } from './support/check.ts';
import { times } from './support/counts.ts';
import { record } from './support/figures.ts';
import { History, hashOf } from './support/history.ts';
import { Seeded, seedOf } from './support/seeded.ts';
import { RecordedState, SimDisk } from './support/sim/disk.ts';
import { Life } from './support/sim/process.ts';
import { Tables } from './support/sim/tables.ts';

const RUNS = times({ ci: 5_000, long: 100_000, planted: 300 });
const CUTS = times({ ci: 200, long: 5_000, planted: 10 });

const TABLES = new Tables();

/** A journal that crashes and comes back, with what it had committed. */
class Crashing {
  readonly disk: SimDisk;
  readonly clock = new FakeClock();
  /** Sends that were under way when the process died. */
  cutOff = 0;
  journal: LocalJournal;
  #life = new Life(this.clock);

  private constructor(seed: number) {
    this.disk = new SimDisk(new Seeded(seed), TABLES.emptied());
    this.journal = this.#open();
  }

  static async start(seed: number): Promise<Crashing> {
    const world = new Crashing(seed);
    for (const name of ['A', 'B']) await world.submit({ type: 'enter', at: 1, name, about: {} });
    return world;
  }

  crash(): void {
    this.#life.end();
    this.disk.onCommit = undefined;
    this.journal = this.#open();
  }

  /** Its next commit is the last thing that it does, or what it dies of. */
  dieAtCommit(isAfter: boolean): void {
    const life = this.#life;
    this.disk.onCommit = (commit) => {
      if (isAfter) commit();
      life.end();
      throw new Error('This process is dead.');
    };
  }

  /** Undefined when it was refused or the process died; then there is another. */
  async submit<C extends Command>(command: C) {
    // It may have died of what its recovery wrote.
    if (this.#life.isOver) this.crash();
    const life = this.#life;
    const died = new Promise<undefined>((resolve) => life.onEnd(() => resolve(undefined)));
    const answer = this.journal.submit(command).catch((error: unknown) => {
      const isFault = error instanceof RelayError && (error.code === 'storage_failed' || error.code === 'storage_full');
      if (!isFault && !life.isOver) throw error;
      return undefined;
    });
    const applied = await Promise.race([answer, died]);
    if (!life.isOver) return applied;
    if (command.type === 'send') this.cutOff += 1;
    this.crash();
    return undefined;
  }

  #open(): LocalJournal {
    const state = new RecordedState(this.disk.restart(), this.disk);
    this.#life = new Life(this.clock);
    return new LocalJournal(state, this.#life.clock, { reopen: () => this.disk.open() });
  }
}

const send = (n: number): Send => ({
  type: 'send',
  at: 5,
  id: `m${n}`,
  sender: 2,
  to: ['B'],
  body: `body ${n}`,
  priority: 'normal',
  hash: `h${n}`,
});

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('send' as const), n: fc.nat(6) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('crash' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('die' as const), isAfter: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('fault' as const), errcode: fc.constantFrom(13, 10, 1034) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('read' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('prune' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Sends message `n` once more; what it was answered with is noted. */
async function sendAgain(world: Crashing, history: History, n: number): Promise<Sent | undefined> {
  const { id, body } = send(n);
  history.note({ kind: 'sent', id, by: 'A', to: ['B'], hash: hashOf(body) });
  const sent = (await world.submit(send(n)))?.outcome;
  if (sent) history.note({ kind: 'answered', id, position: sent.position, duplicate: sent.duplicate });
  return sent;
}

/** Answers how many sends were cut off by the death of their process. */
async function play(seed: number, steps: readonly Step[]): Promise<number> {
  const world = await Crashing.start(seed);
  const history = new History();
  const tried = new Set<number>();
  const first = new Map<number, Sent>();
  const upTo = () => Array.from({ length: world.journal.state.position }, (_, i) => i + 1);
  for (const each of steps) {
    if (each.do === 'crash') world.crash();
    else if (each.do === 'die') world.dieAtCommit(each.isAfter);
    else if (each.do === 'wait') world.clock.advance(3_000);
    else if (each.do === 'fault') world.disk.fault = { errcode: each.errcode, left: 1 };
    else if (each.do === 'read')
      await world.submit({ type: 'receipt', at: 6, session: 3, state: 'handed', positions: upTo() });
    else if (each.do === 'prune') await world.submit({ type: 'prune', positions: upTo() });
    else {
      tried.add(each.n);
      const sent = await sendAgain(world, history, each.n);
      if (!sent) continue;
      const before = first.get(each.n);
      if (before) expect([sent.position, sent.duplicate], `m${each.n} again`).toEqual([before.position, true]);
      else first.set(each.n, sent);
    }
  }
  const positions = [...first.values()].map(({ position }) => position);
  expect(new Set(positions).size, 'each id has a position of its own').toBe(positions.length);
  world.disk.fault = undefined;
  world.crash();
  for (const n of tried) {
    const again = await sendAgain(world, history, n);
    const before = first.get(n);
    if (before) expect([again?.position, again?.duplicate], `m${n} at the end`).toEqual([before.position, true]);
  }
  expect(world.journal.state.position, 'ids stored twice').toBe(tried.size);
  expectPlaced(history);
  return world.cutOff;
}

describe('R3: a send repeated with its id', () => {
  it(`is the same envelope in ${RUNS} histories of resends, crashes, faults and prunings`, async () => {
    const seed = seedOf();
    let cutOff = 0;
    const property = fc.asyncProperty(fc.nat(), fc.array(step, { maxLength: 16 }), async (chance, steps) => {
      cutOff += await play(chance, steps);
    });
    await fc.assert(property, { numRuns: RUNS, seed, includeErrorInReport: true });
    expect(cutOff).toBeGreaterThan(0);
    record('R3', { histories: RUNS, 'sends cut off by a crash': cutOff, seed: `${seed}` });
  });

  it(`is answered with the first position, as a duplicate, ${CUTS} times that the answer was cut off`, async () => {
    const cable = await Cable.start();
    const relay = await live({ allowHosts: [cable.host] });
    cable.target = relay.port;
    await relay.verb('status', {}, 'B');
    let key: unknown;
    let seen = 0;
    for (let n = 0; n < CUTS; n += 1) {
      const id = `m${n}`;
      // The frame of the answer is the first thing that comes after the request: it is swallowed, and both ends hear that it is over.
      const cut = new Promise<void>((resolve) => {
        cable.options = {
          fromRelay: (piece, wires) => {
            if (!piece.includes('"answer"')) return true;
            wires.cut();
            resolve();
            return false;
          },
        };
      });
      const one = await greeted(cable.url, relay.token, key);
      key = one.key;
      one.client.say({ type: 'request', id: 1, verb: 'send', args: { id, to: 'B', body: `body ${n}` } });
      await cut;
      await one.client.closed;
      cable.options = {};
      const again = await greeted(cable.url, relay.token, key);
      const answer = await again.client.ask('send', { id, to: 'B', body: `body ${n}` });
      expect(answer['result']).toMatchObject({ id, position: n + 1, duplicate: true });
      again.client.cut();
      seen += 1;
    }
    const { json } = await relay.verb('inbox', { count: 200 }, 'B');
    expect(Object(json).unread).toBe(CUTS);
    record('R3', { 'answers cut off': seen, 'stored twice': 0 });
  });
});

const relays: LiveRelay[] = [];
afterEveryTest(async () => {
  for (const relay of relays.splice(0)) await relay.stop();
});

async function live(options: Parameters<typeof liveRelay>[0]): Promise<LiveRelay> {
  const relay = await liveRelay(options);
  relays.push(relay);
  return relay;
}

/** The same process each time, so that it is seated at once. */
async function greeted(url: string, token: string, key: unknown): Promise<{ client: WireClient; key: unknown }> {
  const client = new WireClient(url, token);
  await client.opened;
  client.say({ type: 'hello', v: 1, name: 'A', instance: 'iA', seat: true, ...(key ? { key } : {}) });
  const welcome = await client.next('welcome');
  return { client, key: welcome['key'] ?? key };
}
