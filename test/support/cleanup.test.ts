import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { afterEveryTest, cleanUp } from './cleanup.ts';
import { tempDir } from './temp-dir.ts';

const made: string[] = [];

describe('after each test', () => {
  it('makes something that is to be removed', () => {
    made.push(tempDir());
    expect(made.map(existsSync)).toEqual([true]);
  });

  it('has removed it before the next', () => {
    expect(made.map(existsSync)).toEqual([false]);
  });

  it('cleans up all of it though one fails, the last loaded first', async () => {
    const ran: string[] = [];
    let isBroken = true;
    afterEveryTest(() => void ran.push('first'));
    afterEveryTest(() => {
      ran.push('second');
      if (isBroken) throw new Error('broken');
    });
    await expect(cleanUp()).rejects.toThrow('broken');
    isBroken = false;
    expect(ran).toEqual(['second', 'first']);
  });
});
