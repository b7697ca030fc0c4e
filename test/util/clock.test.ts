import { spawnSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { sleep, systemClock } from '../../src/util/clock.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { script } from '../support/script.ts';

const DAY = 24 * 3600 * 1000;

describe('the clock of the system', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: 5_000 });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('tells milliseconds since 1970, and milliseconds that only grow', () => {
    const before = systemClock.monotonic();
    vi.advanceTimersByTime(250);
    expect([systemClock.now(), systemClock.monotonic() - before]).toEqual([5_250, 250]);
  });

  it.each([0, 1, 999, DAY, 2 ** 31 - 1, 2 ** 31, 30 * DAY, 100 * DAY])(
    'calls once after %i ms, and not before',
    (ms) => {
      const call = vi.fn();
      systemClock.after(ms, call);
      vi.advanceTimersByTime(Math.max(0, ms - 1));
      if (ms > 0) expect(call).not.toHaveBeenCalled();
      vi.advanceTimersByTime(1);
      expect(call).toHaveBeenCalledTimes(1);
      vi.advanceTimersByTime(ms * 3 + 10);
      expect(call).toHaveBeenCalledTimes(1);
    },
  );

  it.each([
    [10, 5],
    [60 * DAY, 40 * DAY],
  ])('does not call after %i ms when it was cancelled after %i', (ms, when) => {
    const call = vi.fn();
    const timer = systemClock.after(ms, call);
    vi.advanceTimersByTime(when);
    timer.cancel();
    timer.cancel();
    vi.advanceTimersByTime(ms * 2);
    expect(call).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('calls again and again until cancelled', () => {
    const call = vi.fn();
    const timer = systemClock.every(10, call);
    vi.advanceTimersByTime(35);
    timer.cancel();
    vi.advanceTimersByTime(100);
    expect(call).toHaveBeenCalledTimes(3);
  });
});

describe('timers of the system', () => {
  it('do not keep the process alive', () => {
    const made: NodeJS.Timeout[] = [];
    const real = { setTimeout: globalThis.setTimeout, setInterval: globalThis.setInterval };
    const watch = (make: (call: () => void, ms: number) => NodeJS.Timeout) => (call: () => void, ms: number) => {
      const timer = make(call, ms);
      made.push(timer);
      return timer;
    };
    vi.stubGlobal('setTimeout', watch(real.setTimeout));
    vi.stubGlobal('setInterval', watch(real.setInterval));
    const timers = [
      systemClock.after(60_000, () => {}),
      systemClock.after(40 * DAY, () => {}),
      systemClock.every(60_000, () => {}),
    ];
    vi.unstubAllGlobals();
    expect(made.map((timer) => timer.hasRef())).toEqual([false, false, false]);
    for (const timer of timers) timer.cancel();
  });
});

describe('sleep', () => {
  it('ends after its time', async () => {
    const clock = new FakeClock();
    let ended = false;
    const wait = sleep(clock, 100).then(() => {
      ended = true;
    });
    await clock.run(99);
    expect(ended).toBe(false);
    await clock.run(1);
    await wait;
    expect(ended).toBe(true);
  });

  it('rejects with the reason as soon as it is aborted, and leaves no timer', async () => {
    const clock = new FakeClock();
    const abort = new AbortController();
    const wait = sleep(clock, 100, abort.signal);
    abort.abort(new Error('enough'));
    await expect(wait).rejects.toThrow('enough');
    expect(clock.pending).toBe(0);
  });

  it('does not begin when it was aborted before', async () => {
    const clock = new FakeClock();
    await expect(sleep(clock, 100, AbortSignal.abort(new Error('before')))).rejects.toThrow('before');
    expect(clock.pending).toBe(0);
  });

  it('leaves no listener on the signal of somebody who lives longer', async () => {
    const clock = new FakeClock();
    const { signal } = new AbortController();
    const remove = vi.spyOn(signal, 'removeEventListener');
    const add = vi.spyOn(signal, 'addEventListener');
    const wait = sleep(clock, 10, signal);
    await clock.run(10);
    await wait;
    expect(remove.mock.calls.map((call) => call[1])).toEqual(add.mock.calls.map((call) => call[1]));
  });
});

describe('a process that only waits for a timer', () => {
  it.each([
    ['alive', { status: 0, stdout: 'awake\n' }],
    // 13 is Node's own, of a process that ended in the middle of an `await`.
    ['not', { status: 13, stdout: '' }],
  ])('when it is kept %s: %o', async (kept, ended) => {
    const { status, stdout } = spawnSync(process.execPath, [await script('test/util/asleep.script.ts'), kept], {
      encoding: 'utf8',
    });
    expect({ status, stdout }).toEqual(ended);
  });
});
