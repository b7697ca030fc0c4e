import { describe, expect, it } from 'vitest';
import { openMemoryJournal } from '../../src/journal/open.ts';
import type { Receipt } from '../../src/protocol/receipt.ts';
import type { ReceiptsResult, ReceiveResult } from '../../src/protocol/verbs.ts';
import { silentLog } from '../../src/relay/log.ts';
import { Relay } from '../../src/relay/relay.ts';
import type { Retention } from '../../src/relay/upkeep.ts';
import { systemRandom } from '../../src/util/random.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { Peer } from '../support/relay.ts';
import { bodies } from './kit.ts';

const DAY = 24 * 3600 * 1_000;

async function open(retention?: Retention) {
  const clock = new FakeClock();
  const journal = await openMemoryJournal();
  const options = {
    journal,
    clock,
    random: systemRandom,
    log: silentLog,
    version: '0.0.0',
    ...(retention && { retention }),
  };
  const relay = new Relay(options);
  const send = async (from: string, to: string, body: string, more: object = {}) =>
    (await relay.perform('send', { to, body, ...more }, { name: from })) as { id: string; position: number };
  const take = async (name: string, count = 200) =>
    ((await relay.perform('receive', { count, receipt: 'seen' }, { name })) as ReceiveResult).messages;
  const stateOf = async (from: string, id: string): Promise<Receipt | undefined> =>
    ((await relay.perform('receipts', { id }, { name: from })) as ReceiptsResult).recipients[0];
  await relay.perform('status', {}, { name: 'A' });
  await relay.perform('status', {}, { name: 'B' });
  const stored = () =>
    journal.state.store
      .all<{ position: number }>('SELECT position FROM envelope ORDER BY position')
      .map((row) => row.position);
  return { relay, clock, journal, send, take, stateOf, stored };
}

/** Prunes while the clock goes on: it pauses between pages. */
async function pruned(clock: FakeClock, work: Promise<number>): Promise<number> {
  let isDone = false;
  const done = work.finally(() => {
    isDone = true;
  });
  for (let i = 0; !isDone && i < 1_000; i++) await clock.run(1);
  return done;
}

describe('mail that nobody reads', () => {
  it('ends after thirty days, and its sender is told once', async () => {
    const { clock, send, take, stateOf } = await open();
    const { id } = await send('A', 'B', 'one');
    clock.skip(30 * DAY - 1_000);
    await clock.run(0);
    expect((await stateOf('A', id))?.state).toBe('stored');
    await clock.run(2_000);
    expect((await stateOf('A', id))?.state).toBe('expired');
    expect([bodies(await take('B')), bodies(await take('A')), bodies(await take('A'))]).toEqual([
      [],
      [`Your message ${id} was not read in time, and has expired, for B.`],
      [],
    ]);
  });

  it('ends after the time that the relay was told instead', async () => {
    const { clock, send, stateOf } = await open({ unread: 5_000 });
    const { id } = await send('A', 'B', 'one');
    await clock.run(4_000);
    expect((await stateOf('A', id))?.state).toBe('stored');
    await clock.run(2_000);
    expect((await stateOf('A', id))?.state).toBe('expired');
  });

  it('wakes its sender, who is here, when it ends', async () => {
    const { relay, clock } = await open();
    const peer = await Peer.open(relay, { name: 'A', window: 10 });
    const { id } = await peer.ask('send', { to: ['B'], body: 'hurry', ttl_seconds: 2 });
    await clock.run(3_000);
    const { messages } = await peer.next('deliver');
    expect(messages).toMatchObject([{ from: '(relay)', reply_to: id }]);
  });

  it('is told to the one who did not get it, at the next welcome and in its status', async () => {
    const { relay, clock, send } = await open();
    await send('A', 'B', 'one', { ttl_seconds: 1 });
    await clock.run(2_000);
    const peer = await Peer.open(relay, { name: 'B' });
    expect([peer.welcome.missed, (await peer.ask('status', {})).missed]).toEqual([1, 1]);
    expect((await Peer.open(relay, { name: 'A' })).welcome.missed).toBeUndefined();
  });
});

describe('a clock that is set', () => {
  it.each([
    ['a day ahead', DAY],
    ['a day back', -DAY],
    ['forty days ahead', 40 * DAY],
    ['to 1970', -1_700_000_000_000],
  ])('%s ends nothing before its time, and nothing late', async (_, step) => {
    const { clock, send, stateOf } = await open();
    const short = await send('A', 'B', 'short', { ttl_seconds: 100 });
    const long = await send('A', 'B', 'long');
    clock.step(step);
    await clock.run(99_000);
    expect([(await stateOf('A', short.id))?.state, (await stateOf('A', long.id))?.state]).toEqual(['stored', 'stored']);
    await clock.run(2_000);
    expect([(await stateOf('A', short.id))?.state, (await stateOf('A', long.id))?.state]).toEqual([
      'expired',
      'stored',
    ]);
  });

  it('ahead, and right again, ends nothing after a restart of the relay', async () => {
    const { relay, clock, journal, send, stateOf } = await open();
    const short = await send('A', 'B', 'short', { ttl_seconds: 100 });
    const long = await send('A', 'B', 'long');
    clock.step(40 * DAY);
    await send('A', 'A', 'sent meanwhile');
    clock.step(-40 * DAY);
    const again = new Relay({ journal, clock, random: systemRandom, log: silentLog, version: '0.0.0' });
    await clock.run(99_000);
    expect([(await stateOf('A', short.id))?.state, (await stateOf('A', long.id))?.state]).toEqual(['stored', 'stored']);
    await again.stop();
    await relay.stop();
  });

  it('back makes no message older than one before it, also after a restart of the relay', async () => {
    const { relay, clock, journal, send } = await open();
    await send('A', 'B', 'one');
    const at = () =>
      journal.state.store.all<{ at: number }>('SELECT at FROM envelope ORDER BY position').map((row) => row.at);
    clock.step(-DAY);
    const again = new Relay({ journal, clock, random: systemRandom, log: silentLog, version: '0.0.0' });
    await again.perform('send', { to: 'B', body: 'two' }, { name: 'A' });
    expect(at()[1]).toBe(at()[0]);
    await relay.stop();
  });
});

describe('retention', () => {
  it('forgets each minute what was read longer ago than it says', async () => {
    const { clock, send, take, stored } = await open({ keep: 3_600_000 });
    await send('A', 'B', 'read');
    await take('B');
    await send('A', 'B', 'unread');
    await clock.run(3_500_000);
    expect(stored()).toEqual([1, 2]);
    await clock.run(200_000);
    expect(stored()).toEqual([2]);
    await clock.run(3_600_000);
    expect([stored(), bodies(await take('B'))]).toEqual([[2], ['unread']]);
  });

  it('keeps so many of each address', async () => {
    const { clock, send, take, stored } = await open({ count: 2 });
    for (let i = 0; i < 5; i++) await send('A', 'B', `b${i}`);
    for (let i = 0; i < 3; i++) await send('B', 'A', `a${i}`);
    await take('A');
    await clock.run(61_000);
    expect(stored()).toEqual([1, 2, 3, 4, 5, 7, 8]);
    await take('B');
    await clock.run(61_000);
    expect(stored()).toEqual([4, 5, 7, 8]);
  });

  it('forgets nothing by itself where nothing was said', async () => {
    const { clock, send, take, stored } = await open();
    await send('A', 'B', 'one');
    await take('B');
    clock.skip(400 * DAY);
    await clock.run(61_000);
    expect(stored()).toEqual([1]);
  });
});

describe('pruning when asked', () => {
  it('forgets what it is told to, and says how many that were', async () => {
    const { relay, clock, send, take, stored } = await open();
    for (let i = 0; i < 450; i++) await send('A', 'B', `b${i}`);
    for (let i = 0; i < 10; i++) await take('B', 40);
    await clock.run(10_000);
    expect(await pruned(clock, relay.prune({ olderThan: 20_000 }))).toBe(0);
    expect(await pruned(clock, relay.prune({ olderThan: 5_000, isTrial: true }))).toBe(400);
    expect(stored()).toHaveLength(450);
    expect(await pruned(clock, relay.prune({ olderThan: 5_000 }))).toBe(400);
    expect(await pruned(clock, relay.prune({ olderThan: 5_000 }))).toBe(0);
    expect(bodies(await take('B', 1))).toEqual(['b400']);
  });

  it('ends with the relay', async () => {
    const { relay, send } = await open();
    for (let i = 0; i < 10; i++) await send('A', 'A', `b${i}`);
    const work = relay.prune({ count: 0 }).catch((error: { code: string }) => error.code);
    await settle();
    await relay.stop();
    expect(await work).toBe('shutting_down');
    await expect(relay.prune({ count: 0 })).rejects.toMatchObject({ code: 'shutting_down' });
  });
});
