import { describe, expect, it } from 'vitest';
import { Pause } from '../../src/client/pause.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { isPending } from './scripted-relay.ts';

describe('a pause', () => {
  const setUp = (ms: number) => {
    const clock = new FakeClock();
    const end = new AbortController();
    return { clock, end, pause: new Pause(clock, ms, end.signal) };
  };

  it('is over when its time is', async () => {
    const { clock, pause } = setUp(100);
    clock.advance(99);
    expect(await isPending(pause.over)).toBe(true);
    clock.advance(1);
    await pause.over;
  });

  it('can be shortened, and never lengthened', async () => {
    const { clock, pause } = setUp(10_000);
    pause.shorten(500);
    pause.shorten(9_000);
    clock.advance(499);
    expect(await isPending(pause.over)).toBe(true);
    clock.advance(1);
    await pause.over;
    expect(clock.pending).toBe(0);
  });

  it('is over as soon as its signal aborts, and leaves no timer', async () => {
    const { clock, end, pause } = setUp(10_000);
    end.abort();
    await pause.over;
    expect(clock.pending).toBe(0);
  });

  it('is over at once under a signal that has aborted', async () => {
    const clock = new FakeClock();
    await new Pause(clock, 1000, AbortSignal.abort()).over;
    expect(clock.pending).toBe(0);
  });
});
