import { describe, expect, it } from 'vitest';
import { Rate } from '../../src/relay/rate.ts';

describe('a rate', () => {
  it('lets so many through within its span, and says how long the next has to wait', () => {
    const rate = new Rate(2, 1_000);
    expect(rate.wait('a', 0)).toBe(0);
    rate.note('a', 0);
    rate.note('a', 400);
    expect([rate.wait('a', 400), rate.wait('a', 999), rate.wait('a', 1_000)]).toEqual([600, 1, 0]);
    rate.note('a', 1_000);
    expect([rate.wait('a', 1_000), rate.wait('a', 1_400)]).toEqual([400, 0]);
  });

  it('counts each key by itself', () => {
    const rate = new Rate(1, 1_000);
    rate.note('a', 0);
    expect([rate.wait('a', 0), rate.wait('b', 0)]).toEqual([1_000, 0]);
  });

  it('does not count a look', () => {
    const rate = new Rate(1, 1_000);
    for (let i = 0; i < 10; i++) rate.wait('a', 0);
    expect([rate.wait('a', 0), rate.size]).toEqual([0, 0]);
  });

  it('forgets keys that are over, however many there were', () => {
    const rate = new Rate(1, 1_000);
    for (let i = 0; i < 10_000; i++) rate.note(`key ${i}`, i);
    expect(rate.size).toBeLessThan(2_500);
  });
});
