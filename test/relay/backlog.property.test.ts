/**
 * Promise R6: nothing unread is skipped. Any backlog, any page, receipts in any order, crashes of the reader and of
 * the relay in between: what comes out is what a model of twenty lines says.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/protocol/limits.ts';
import { silentLog } from '../../src/relay/log.ts';
import { Relay } from '../../src/relay/relay.ts';
import { systemRandom } from '../../src/util/random.ts';
import { openRelay, Peer, settle } from '../support/relay.ts';
import { backlog, bodies, crash, positions, upTo } from './kit.ts';

interface Item {
  readonly position: number;
  readonly body: string;
  attempts: number;
  isHeld: boolean;
}

class Model {
  unread: Item[] = [];

  store(position: number, body: string): void {
    this.unread.push({ position, body, attempts: 0, isHeld: false });
  }

  take(count: number): { body: string; redelivered: true | undefined }[] {
    const taken: Item[] = [];
    for (const item of [...this.unread]) {
      if (taken.length === count) break;
      if (item.isHeld) continue;
      if (item.attempts === LIMITS.attempts) this.#drop(item);
      else taken.push(item);
    }
    for (const item of taken) item.isHeld = true;
    return taken.map((item) => ({ body: item.body, redelivered: item.attempts++ > 0 ? true : undefined }));
  }

  receipt(positions: readonly number[]): void {
    for (const item of [...this.unread]) if (positions.includes(item.position)) this.#drop(item);
  }

  crash(): void {
    for (const item of this.unread) item.isHeld = false;
  }

  #drop(item: Item): void {
    this.unread = this.unread.filter((each) => each !== item);
  }
}

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('take' as const), count: fc.integer({ min: 1, max: 100 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('receipt' as const),
      state: fc.constantFrom('handed' as const, 'seen' as const, 'refused' as const),
      among: fc.constantFrom('held' as const, 'any' as const),
      picks: fc.array(fc.nat(1_000), { minLength: 1, maxLength: 40 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('crash' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('mail' as const),
      count: fc.integer({ min: 1, max: 30 }),
      to: fc.constantFrom('B', 'all', '#room'),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

describe('an inbox', () => {
  it('is what a model says, whatever is taken, said, crashed and restarted', { timeout: 120_000 }, async () => {
    await fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: 60 }), fc.array(step, { maxLength: 30 }), play), {
      numRuns: 100,
    });
  });

  it.each([
    [1, 1],
    [2, 1],
    [99, 100],
    [100, 100],
    [101, 100],
    [257, 3],
    [1_000, 7],
    [10_000, 100],
  ])('of %i is read by pages of %i: all, in order, once', { timeout: 120_000 }, async (count, page) => {
    const { relay } = await openRelay();
    await relay.perform('status', {}, { name: 'B' });
    await backlog(relay, 'B', count);
    const b = await Peer.open(relay, { name: 'B' });
    const read: string[] = [];
    for (let left = count; left > 0; ) {
      const answer = await b.ask('receive', { count: page });
      left -= answer.messages.length;
      expect(answer.more).toBe(left);
      read.push(...bodies(answer.messages));
      await b.ask('receipt', { state: 'handed', positions: positions(answer.messages) });
    }
    expect(read).toEqual(upTo(count));
    expect(await b.ask('receive', {})).toEqual({ messages: [], more: 0 });
  });

  it('of 600 is pushed through a window of 64 with receipts newest first: all, in order, once', {
    timeout: 60_000,
  }, async () => {
    const { relay } = await openRelay();
    await relay.perform('status', {}, { name: 'B' });
    await backlog(relay, 'B', 600);
    const b = await Peer.open(relay, { name: 'B', window: 64 });
    const got: string[] = [];
    for (let frames = 0; got.length < 600; ) {
      await settle(1);
      const fresh = b.all('deliver').slice(frames);
      frames += fresh.length;
      const messages = fresh.flatMap((frame) => [...frame.messages]);
      got.push(...bodies(messages));
      for (const position of positions(messages).reverse()) b.say(receipt(position));
    }
    expect(got).toEqual(upTo(600));
  });
});

let request = 10_000_000;
const receipt = (position: number) => ({
  type: 'request',
  id: request++,
  verb: 'receipt',
  args: { state: 'handed', positions: [position] },
});

async function play(initial: number, steps: Step[]): Promise<void> {
  const { relay: first, journal, clock } = await openRelay();
  let relay = first;
  const model = new Model();
  let count = 0;
  let b = await Peer.open(relay, { name: 'B' });
  const key = b.welcome.key ?? '';
  await b.ask('join', { room: '#room' });
  const mail = async (to: string, many: number) => {
    for (let i = 0; i < many; i++) {
      const body = `m${count++}`;
      const sent = (await relay.perform('send', { to, body }, { name: 'S' })) as { position: number };
      model.store(sent.position, body);
    }
  };
  await mail('B', initial);
  for (const step of steps) {
    if (step.do === 'mail') await mail(step.to, step.count);
    if (step.do === 'take') {
      const { messages } = await b.ask('receive', { count: step.count });
      expect(messages.map(({ body, redelivered }) => ({ body, redelivered }))).toEqual(model.take(step.count));
    }
    if (step.do === 'receipt') {
      const among = model.unread.filter((item) => step.among === 'any' || item.isHeld);
      const picked = step.picks.flatMap((pick) => among[pick % Math.max(1, among.length)]?.position ?? []);
      await b.ask('receipt', { state: step.state, positions: picked });
      model.receipt(picked);
    }
    if (step.do === 'crash' || step.do === 'restart') {
      await crash(b);
      model.crash();
      if (step.do === 'restart') {
        relay = new Relay({ journal, clock, random: systemRandom, log: silentLog, version: '0.0.0' });
      }
      b = await Peer.open(relay, { name: 'B', key });
    }
    await settle(1);
    expect(await b.ask('inbox', { count: 200 })).toMatchObject({ unread: model.unread.length });
  }
  const { messages } = await b.ask('inbox', { count: 200 });
  expect(bodies(messages)).toEqual(model.unread.slice(0, 200).map((item) => item.body));
}
