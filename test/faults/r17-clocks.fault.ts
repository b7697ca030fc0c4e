/** R17: clocks do not matter. The clock of the relay is set while it works; everybody else goes on in true time. */
import { describe, expect } from 'vitest';
import { once } from '../../src/client/once.ts';
import type { Args, ReceiptsResult, Results, Verb } from '../../src/protocol/verbs.ts';
import { sleep, systemClock } from '../../src/util/clock.ts';
import { machine } from '../support/cli.ts';
import { expectKept, expectNone } from './support/check.ts';
import { times } from './support/counts.ts';
import { record } from './support/figures.ts';
import { History } from './support/history.ts';
import { RelayProcess } from './support/relay-process.ts';
import { itAsRoot } from './support/root.ts';
import { Seeded, seedOf } from './support/seeded.ts';
import { SetClock, stoppedAt } from './support/set-clock.ts';
import { Reader, Sender, settledBy } from './support/talker.ts';

const STEPS = times({ ci: 100, long: 1_000, planted: 20 });
/** Steps after which it is killed and started again, with the clock as it stands then. */
const KILLED_EVERY = 5;
const DAY = 24 * 3_600_000;
/** Of a message with an end, seconds; how late it may be noticed here, milliseconds. */
const TTL = 3;
const LATE = 5_000;

const READERS = ['R1', 'R2'] as const;

const ask = <V extends Verb>(relay: RelayProcess, verb: V, args: Args<V>, as: string): Promise<Results[V]> =>
  once(verb, args, { url: relay.place.url(), token: relay.place.token(), as });

/** What somebody, or something, does to a clock. */
const SETTINGS: readonly [string, ...string[]] = ['+1d', '-1d', '+1h', '-1h', '+0', '+3s', '-3s', 'stopped'];

const settingOf = (name: string) => (name === 'stopped' ? stoppedAt(Date.now()) : name);

describe('R17: a clock', () => {
  itAsRoot(`set ${STEPS} times under load loses nothing, doubles nothing, and keeps the order`, async () => {
    const seed = seedOf();
    const chance = new Seeded(seed);
    const clock = new SetClock();
    const relay = new RelayProcess(machine(), { env: clock.env });
    const history = new History();
    await relay.start();
    const readers = READERS.map((name, i) => new Reader(name, relay.place, history, chance, { window: 32 * i }));
    for (const reader of readers) reader.start();
    await Promise.all(readers.map((reader) => reader.until(() => reader.welcomes > 0)));
    const options = {
      to: [...READERS.map((name) => ({ address: name, readers: [name] })), { address: 'all', readers: READERS }],
      window: 4,
    };
    const senders = ['S1', 'S2', 'S3'].map((name) => new Sender(name, relay.place, history, chance, options));
    for (const sender of senders) sender.start();
    let kills = 0;
    for (let step = 1; step <= STEPS; step += 1) {
      clock.set(settingOf(chance.pick(SETTINGS)));
      await sleep(systemClock, chance.between(20, 200));
      if (step % KILLED_EVERY > 0) continue;
      await relay.kill();
      await relay.start();
      kills += 1;
    }
    await settledBy(senders, STEPS);
    await Promise.all(senders.map((sender) => sender.finish()));
    await Promise.all(readers.map((reader) => reader.drained()));
    await Promise.all(senders.map((sender) => sender.askStates()));
    await Promise.all([...senders, ...readers].map((talker) => talker.stop()));
    expectKept(history, { least: STEPS, wantsStates: true });
    record('R17', {
      'clock set': STEPS,
      'killed and started again': kills,
      answered: history.answered().size,
      read: history.count('read'),
      lost: 0,
      doubled: 0,
      'out of order': 0,
      seed: `${seed}`,
    });
  });

  itAsRoot('set while messages live ends none of them before its time, and none much later', async () => {
    const outcomes = await Promise.all(['+1d', '-1d', '+400d', '-400d', 'stopped'].map(lives));
    expectNone(
      'ends at the wrong time',
      outcomes.flatMap(({ wrong }) => wrong),
    );
    const lived = outcomes.map((outcome) => outcome.lived);
    record('R17', {
      'ends of life': outcomes.length,
      'to live ms': TTL * 1_000,
      'lived ms, at least': Math.min(...lived),
      'at most': Math.max(...lived),
    });
  });
});

/** Two messages, and the clock is set: the short one ends when it should, the other does not. */
async function lives(name: string): Promise<{ readonly lived: number; readonly wrong: readonly string[] }> {
  const clock = new SetClock();
  const relay = new RelayProcess(machine(), { env: clock.env });
  await relay.start();
  await ask(relay, 'status', {}, 'B');
  const long = await ask(relay, 'send', { to: ['B'], body: 'long', ttl_seconds: 3_600 }, 'A');
  const short = await ask(relay, 'send', { to: ['B'], body: 'short', ttl_seconds: TTL }, 'A');
  const begun = systemClock.monotonic();
  clock.set(settingOf(name));
  const stateOf = async (id: string) => {
    const receipts = (await ask(relay, 'receipts', { id }, 'A')) as ReceiptsResult;
    return receipts.recipients[0]?.state;
  };
  await expectSet(relay, name, long.at);
  while ((await stateOf(short.id)) === 'stored' && systemClock.monotonic() - begun < TTL * 1_000 + LATE)
    await sleep(systemClock, 50);
  const lived = Math.round(systemClock.monotonic() - begun);
  const [ended, left] = [await stateOf(short.id), await stateOf(long.id)];
  await relay.kill();
  // It began before its answer was here.
  const isWrong = ended !== 'expired' || left !== 'stored' || lived < TTL * 1_000 - 500;
  return { lived, wrong: isWrong ? [`clock ${name}: after ${lived} ms it was ${ended}, the other ${left}`] : [] };
}

/** The relay goes by the clock that was set: else this would prove nothing. It never says a time before one that it has said. */
async function expectSet(relay: RelayProcess, name: string, before: number): Promise<void> {
  const timeOf = async () => (await ask(relay, 'send', { to: ['A'], body: 'what time is it?' }, 'A')).at;
  const first = await timeOf();
  await sleep(systemClock, 1_000);
  if (name.startsWith('+')) expect(first - before).toBeGreaterThan(DAY - 60_000);
  else expect(await timeOf()).toBe(first);
}
