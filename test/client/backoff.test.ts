import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Backoff } from '../../src/client/backoff.ts';
import type { Random } from '../../src/util/random.ts';
import { FakeClock } from '../support/fake-clock.ts';

const chance = (fraction: number): Random => ({ bytes: (count) => new Uint8Array(count), fraction: () => fraction });

function delays(backoff: Backoff, clock: FakeClock, count: number): number[] {
  return Array.from({ length: count }, () => {
    backoff.trying();
    const delay = backoff.next();
    clock.advance(delay);
    return delay;
  });
}

describe('the back-off', () => {
  it('doubles from a quarter of a second to thirty seconds at its longest', () => {
    const clock = new FakeClock();
    const longest = delays(new Backoff(clock, chance(0.999999)), clock, 10).map((ms) => Math.round(ms));
    expect(longest).toEqual([250, 1250, 1250, 2000, 4000, 8000, 16000, 30000, 30000, 30000]);
  });

  it('may retry at once the first time, and after that never sooner than a second after the last try', () => {
    const clock = new FakeClock();
    expect(delays(new Backoff(clock, chance(0)), clock, 5)).toEqual([0, 1000, 1000, 1000, 1000]);
  });

  it('starts anew after a connection that lived ten seconds', () => {
    const clock = new FakeClock();
    const backoff = new Backoff(clock, chance(0.5));
    delays(backoff, clock, 8);
    backoff.ended(9_999);
    expect(backoff.next()).toBe(15_000);
    backoff.ended(10_000);
    expect(backoff.next()).toBe(125);
  });

  it('says how soon somebody who waits may try', () => {
    const clock = new FakeClock();
    const backoff = new Backoff(clock, chance(0));
    expect(backoff.soonest()).toBe(0);
    backoff.trying();
    clock.advance(400);
    expect(backoff.soonest()).toBe(600);
    clock.advance(5000);
    expect(backoff.soonest()).toBe(0);
  });

  it('never comes above one try a second after the first retry, whatever chance and short connections do', () => {
    const step = fc.record({ fraction: fc.double({ min: 0, max: 0.999, noNaN: true }), livedMs: fc.nat(9_999) });
    fc.assert(
      fc.property(fc.array(step, { minLength: 3, maxLength: 40 }), (steps) => {
        const clock = new FakeClock();
        let fraction = 0;
        const backoff = new Backoff(clock, { bytes: () => new Uint8Array(), fraction: () => fraction });
        const tries: number[] = [];
        for (const each of steps) {
          tries.push(clock.monotonic());
          backoff.trying();
          clock.advance(each.livedMs % 300);
          backoff.ended(each.livedMs);
          fraction = each.fraction;
          clock.advance(backoff.next());
        }
        for (let i = 2; i < tries.length; i += 1)
          expect((tries[i] ?? 0) - (tries[i - 1] ?? 0)).toBeGreaterThanOrEqual(1000);
      }),
    );
  });
});
