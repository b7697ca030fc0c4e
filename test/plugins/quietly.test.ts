import { describe, expect, it } from 'vitest';
import { quietly, within } from '../../src/plugins/quietly.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';

describe('work inside a host', () => {
  it.each([
    [
      'throws',
      () => {
        throw new Error('ours');
      },
    ],
    ['rejects', () => Promise.reject(new Error('ours'))],
  ])('that %s tells the host nothing', async (_how, work) => {
    await expect(quietly(work)()).resolves.toBeUndefined();
  });

  it('is given what the host says, and is waited for', async () => {
    const said: unknown[] = [];
    await quietly(async (a: number, b: string) => {
      await Promise.resolve();
      said.push(a, b);
    })(1, 'two');
    expect(said).toEqual([1, 'two']);
  });
});

describe('what a host waits for', () => {
  it('comes in time', async () => {
    const clock = new FakeClock();
    expect(await within(clock, 100, Promise.resolve('here'))).toBe('here');
    await settle();
    expect(clock.pending).toBe(0);
  });

  it('is nothing when it takes too long', async () => {
    const clock = new FakeClock();
    const waited = within(clock, 100, new Promise(() => undefined));
    await clock.run(100);
    expect(await waited).toBeUndefined();
  });

  it('fails as it does', async () => {
    await expect(within(new FakeClock(), 100, Promise.reject(new Error('no')))).rejects.toThrow('no');
  });
});
