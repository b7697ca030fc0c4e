import { describe, expect, it } from 'vitest';
import { Buckets } from '../../src/util/buckets.ts';

const taken = (buckets: Buckets, key: string, now: number, tries: number) =>
  Array.from({ length: tries }, () => buckets.take(key, now)).filter(Boolean).length;

describe('a token bucket', () => {
  it('gives so much at once, and then what comes in with time, up to that again', () => {
    const buckets = new Buckets({ burst: 10, perSecond: 5 });
    expect(taken(buckets, 'a', 0, 20)).toBe(10);
    expect(taken(buckets, 'a', 199, 20)).toBe(0);
    expect(taken(buckets, 'a', 200, 20)).toBe(1);
    expect(taken(buckets, 'a', 1_200, 20)).toBe(5);
    expect(taken(buckets, 'a', 1_000_000, 20)).toBe(10);
  });

  it('is each key its own', () => {
    const buckets = new Buckets({ burst: 2, perSecond: 1 });
    expect(taken(buckets, 'a', 0, 5)).toBe(2);
    expect(taken(buckets, 'b', 0, 5)).toBe(2);
  });

  it('does not take what it refuses: asking in vain makes nobody wait longer', () => {
    const buckets = new Buckets({ burst: 1, perSecond: 1 });
    buckets.take('a', 0);
    for (let now = 0; now < 1_000; now += 10) expect(buckets.take('a', now)).toBe(false);
    expect(buckets.take('a', 1_000)).toBe(true);
  });

  it('is forgotten when it is full again, however many keys there were', () => {
    const buckets = new Buckets({ burst: 2, perSecond: 1 });
    for (let n = 0; n < 100_000; n += 1) buckets.take(`k${n}`, n * 10);
    expect(buckets.size).toBeLessThan(3_000);
    expect(taken(buckets, 'k99999', 999_990, 5)).toBe(1);
  });
});
