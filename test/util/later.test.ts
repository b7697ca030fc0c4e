import { describe, expect, it } from 'vitest';
import { later } from '../../src/util/later.ts';

describe('what is made later', () => {
  it('is not made before it is wanted, and then once', async () => {
    let made = 0;
    const wanted = later(async () => ++made);
    expect(made).toBe(0);
    expect(await Promise.all([wanted(), wanted()])).toEqual([1, 1]);
    expect(await wanted()).toBe(1);
  });

  it('is made again when it failed', async () => {
    let tries = 0;
    const wanted = later(async () => {
      tries += 1;
      if (tries === 1) throw new Error('not there');
      return tries;
    });
    await expect(Promise.all([wanted(), wanted()])).rejects.toThrow('not there');
    expect(await wanted()).toBe(2);
  });
});
