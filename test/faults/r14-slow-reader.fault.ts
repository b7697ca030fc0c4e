/** R14: a slow reader hurts nobody. One of fifty stops reading while the others are written to. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { once } from '../../src/client/once.ts';
import { sleep, systemClock } from '../../src/util/clock.ts';
import { machine } from '../support/cli.ts';
import { type Frame, WireClient } from '../support/wire-client.ts';
import { times } from './support/counts.ts';
import { record } from './support/figures.ts';
import { RelayProcess, type ServeOptions } from './support/relay-process.ts';

const READERS = 50;
const ROUNDS = times({ ci: 5, long: 30, planted: 1 });
/** Broadcasts of one round, and what lies between two of them, milliseconds. */
const MESSAGES = 100;
const PAUSE = 15;
const BODY = 'x'.repeat(200);
/** To the slow one alone, beside each broadcast: what it does not read exceeds by far what a connection may have unsent. */
const LARGE = 'x'.repeat(60_000);
const MIB = 1024 * 1024;
/** Of the large ones; together four times as much as the relay may grow by. */
const UNREAD = 1_100;
const FLOODS = 2;
/** The relay is to hold what it needs, not what it has not thrown away yet. */
const TIDY = '--max-old-space-size=64 --max-semi-space-size=2';
/** Below this nobody can tell two times apart on a machine that does other things, too. Milliseconds. */
const NOISE = 5;
const TRIES = 3;

interface Delivered {
  readonly messages: readonly { readonly position: number; readonly body: string }[];
}

/** Takes whatever is pushed, says so, and notes how long it took to come. */
class Reader {
  readonly client: WireClient;
  latencies: number[] = [];
  #read = 0;

  constructor(client: WireClient) {
    this.client = client;
    void this.#run();
  }

  async #run(): Promise<void> {
    for (;;) {
      const frame = (await this.client.next('deliver')) as unknown as Delivered;
      const now = systemClock.monotonic();
      for (const { body } of frame.messages) this.latencies.push(now - Number(body.slice(0, body.indexOf(' '))));
      this.#read += 1;
      this.client.say({
        type: 'request',
        id: this.#read,
        verb: 'receipt',
        args: { state: 'seen', positions: frame.messages.map(({ position }) => position) },
      });
    }
  }
}

async function greeted(relay: RelayProcess, name: string, window: number): Promise<WireClient> {
  const client = new WireClient(relay.place.url(), relay.place.token());
  await client.opened;
  client.say({ type: 'hello', v: 1, name, instance: `i${name}`, seat: true, window });
  await client.next('welcome');
  return client;
}

/** The p99 of all that came to the others, milliseconds. The large ones go to somebody who reads none of them meanwhile. */
async function round(sender: WireClient, others: readonly Reader[], large: 'SLOW' | 'ABSENT'): Promise<number> {
  for (const reader of others) reader.latencies = [];
  const answers: Promise<Frame>[] = [];
  for (let n = 0; n < MESSAGES; n += 1) {
    answers.push(sender.ask('send', { to: 'all', body: `${systemClock.monotonic()} ${BODY}` }));
    answers.push(sender.ask('send', { to: large, body: `${systemClock.monotonic()} ${LARGE}` }));
    await sleep(systemClock, PAUSE);
  }
  await Promise.all(answers);
  while (!others.every(({ latencies }) => latencies.length >= MESSAGES)) await sleep(systemClock, 5);
  const all = others.flatMap(({ latencies }) => latencies).sort((a, b) => a - b);
  return all[Math.floor(all.length * 0.99)] ?? 0;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** Resident memory of a process, bytes. */
function memoryOf(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
}

const as = ({ place }: RelayProcess, name: string) => ({ url: place.url(), token: place.token(), as: name });

/** Takes what the absent one was sent: an inbox has an end. */
async function emptyInbox(relay: RelayProcess): Promise<void> {
  for (;;) {
    const { messages } = await once('receive', { count: 200, receipt: 'seen' }, as(relay, 'ABSENT'));
    if (messages.length === 0) return;
  }
}

/** A relay with its readers, the one that will be slow, and one that is not there. */
async function begin(options: ServeOptions = {}) {
  const relay = new RelayProcess(machine(), options);
  await relay.start();
  const sender = await greeted(relay, 'S', 0);
  const others: Reader[] = [];
  for (let n = 1; n < READERS; n += 1) others.push(new Reader(await greeted(relay, `R${n}`, 256)));
  const slow = new Reader(await greeted(relay, 'SLOW', 256));
  await once('status', {}, as(relay, 'ABSENT'));
  await round(sender, others, 'SLOW');
  const end = () => {
    for (const { client } of [slow, ...others]) client.cut();
  };
  return { relay, sender, others, slow, end };
}

type Begun = Awaited<ReturnType<typeof begin>>;

/**
 * The p99 without a slow reader and beside one, by turns: the medians, milliseconds. Without one, as much is stored for a name
 * that is not there: a reader of it in this process would make the others look slow.
 */
async function compare({ relay, sender, others, slow }: Begun): Promise<readonly [without: number, beside: number]> {
  const without: number[] = [];
  const beside: number[] = [];
  for (let n = 0; n < ROUNDS; n += 1) {
    slow.latencies = [];
    slow.client.freeze();
    beside.push(await round(sender, others, 'SLOW'));
    slow.client.thaw();
    while (slow.latencies.length < 2 * MESSAGES) await sleep(systemClock, 5);
    without.push(await round(sender, others, 'ABSENT'));
    await emptyInbox(relay);
  }
  return [median(without), median(beside)];
}

describe('R14: a reader that stops reading', () => {
  it(`leaves the other ${READERS - 1} as quick as they were`, async () => {
    const begun = await begin();
    let found = await compare(begun);
    const isQuick = ([without, beside]: typeof found) => beside <= Math.max(2 * without, without + NOISE);
    // Of a machine that does other things meanwhile nothing is learned.
    let tries = 1;
    for (; tries < TRIES && !isQuick(found); tries += 1) found = await compare(begun);
    const [without, beside] = found;
    expect(beside).toBeLessThanOrEqual(Math.max(2 * without, without + NOISE));
    begun.end();
    record('R14', {
      readers: READERS,
      'p99 ms without': Number(without.toFixed(1)),
      'p99 ms beside a slow one': Number(beside.toFixed(1)),
      tries,
    });
  });

  it('leaves the relay as small', async () => {
    const { relay, sender, slow, end } = await begin({ env: { NODE_OPTIONS: TIDY } });
    let most = 0;
    const flood = async () => {
      for (let n = 0; n < UNREAD; n += 100) {
        await Promise.all(Array.from({ length: 100 }, () => sender.ask('send', { to: 'SLOW', body: LARGE })));
        most = Math.max(most, memoryOf(relay.pid));
      }
    };
    // While it reads: storing costs memory, too, and is not its fault.
    slow.latencies = [];
    for (let n = 1; n <= FLOODS; n += 1) {
      await flood();
      while (slow.latencies.length < n * UNREAD) await sleep(systemClock, 5);
    }
    const before = most;
    // It never reads again, and is written to all the while.
    slow.client.freeze();
    for (let n = 1; n <= FLOODS; n += 1) await flood();
    const grown = (most - before) / MIB;
    expect(grown).toBeLessThanOrEqual(32);
    end();
    const unread = Math.round((FLOODS * UNREAD * LARGE.length) / MIB);
    record('R14', { 'unread MiB': unread, 'memory grown MiB': Number(grown.toFixed(1)) });
  });
});
