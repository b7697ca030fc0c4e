/** R6: nothing unread is skipped. Any backlog, any page, receipts in any order, readers that die: what comes is what was sent. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openMemoryJournal } from '../../src/journal/open.ts';
import type { ReceiveResult } from '../../src/protocol/verbs.ts';
import { silentLog } from '../../src/relay/log.ts';
import { Relay } from '../../src/relay/relay.ts';
import { systemRandom } from '../../src/util/random.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { times } from './support/counts.ts';
import { record } from './support/figures.ts';
import { Seeded, seedOf } from './support/seeded.ts';

const RUNS = times({ ci: 100, long: 2_000, planted: 10 });
const LEASE = 61_000;

interface Plan {
  readonly backlog: number;
  readonly page: number;
  /** How much of a page gets its receipt, of a hundred; the rest is given up with its taker. */
  readonly kept: number;
  readonly seed: number;
}

/** Mostly small ones, which find most; now and then as many as an inbox takes. */
const backlog = fc.oneof(
  { weight: 10, arbitrary: fc.integer({ min: 1, max: 20 }) },
  { weight: 9, arbitrary: fc.integer({ min: 21, max: 400 }) },
  { weight: 1, arbitrary: fc.integer({ min: 401, max: 10_000 }) },
);
const plan: fc.Arbitrary<Plan> = fc.record({
  backlog,
  page: fc.integer({ min: 1, max: 100 }),
  kept: fc.constantFrom(100, 100, 90, 50),
  seed: fc.nat(),
});

/** As many as an inbox takes; chance finds so many once in a thousand histories. */
const FULL: Plan = { backlog: 10_000, page: 100, kept: 90, seed: 1 };

async function play({ backlog, page: wanted, kept, seed }: Plan): Promise<number> {
  // A large one in pages of one would prove what a small one does, and take minutes.
  const page = Math.max(wanted, Math.ceil(backlog / 250));
  const chance = new Seeded(seed);
  const clock = new FakeClock();
  const journal = await openMemoryJournal();
  const relay = new Relay({ journal, clock, random: systemRandom, log: silentLog, version: '0', brakes: false });
  const ask = async (verb: string, args: object, name: string) => relay.perform(verb, args, { name });
  await ask('status', {}, 'B');
  for (let n = 1; n <= backlog; n += 1) await ask('send', { to: n % 3 === 0 ? 'all' : 'B', body: `${n}` }, 'A');

  /** What the reader has yet to confirm, oldest first: the twenty lines that the relay must agree with. */
  let unread = Array.from({ length: backlog }, (_, i) => i + 1);
  const tries = new Map<number, number>();
  for (let round = 0; unread.length > 0; round += 1) {
    expect(round, 'it comes to an end').toBeLessThan(backlog * 3 + 20);
    const { messages, more } = (await ask('receive', { count: page }, 'B')) as ReceiveResult;
    const expected = unread.slice(0, page);
    expect(
      messages.map(({ body }) => Number(body)),
      'the oldest unread',
    ).toEqual(expected);
    expect(more, 'how many more').toBe(unread.length - expected.length);
    expect(messages.map(({ redelivered }) => redelivered === true)).toEqual(expected.map((n) => tries.has(n)));
    // At the fourth vain try it is confirmed: after the fifth it would be dead, which is another promise.
    const done = messages.filter(({ body }) => chance.below(100) < kept || (tries.get(Number(body)) ?? 0) >= 3);
    for (const { body } of messages) tries.set(Number(body), (tries.get(Number(body)) ?? 0) + 1);
    for (const { position } of shuffled(done, chance))
      await ask('receipt', { state: chance.pick(['handed', 'seen']), positions: [position] }, 'B');
    const confirmed = new Set(done.map(({ body }) => Number(body)));
    unread = unread.filter((n) => !confirmed.has(n));
    if (done.length < messages.length) await clock.run(LEASE);
  }
  await relay.stop();
  return backlog;
}

function shuffled<T>(list: readonly T[], chance: Seeded): T[] {
  return list
    .map((each) => ({ each, at: chance.fraction() }))
    .sort((a, b) => a.at - b.at)
    .map(({ each }) => each);
}

describe('R6: an inbox', () => {
  it(`gives the oldest first and skips nothing, in ${RUNS + 1} histories of up to 10,000 messages`, async () => {
    const seed = seedOf();
    let read = 0;
    const property = fc.asyncProperty(plan, async (each) => {
      read += await play(each);
    });
    await fc.assert(property, { numRuns: RUNS, seed, includeErrorInReport: true });
    read += await play(FULL);
    record('R6', { histories: RUNS + 1, messages: read, skipped: 0, seed: `${seed}` });
  });
});
