import { describe, expect, it } from 'vitest';
import { FakeClock } from './fake-clock.ts';

describe('the fake clock', () => {
  it('fires timers in order of time, then of their making', () => {
    const clock = new FakeClock();
    const fired: string[] = [];
    clock.after(20, () => fired.push('c'));
    clock.after(10, () => fired.push('a'));
    clock.after(10, () => fired.push('b'));
    clock.advance(9);
    expect(fired).toEqual([]);
    clock.advance(11);
    expect(fired).toEqual(['a', 'b', 'c']);
    expect(clock.pending).toBe(0);
  });

  it('shows the time of the timer inside its call, and the end afterwards', () => {
    const clock = new FakeClock(1000);
    let seen = 0;
    clock.after(5, () => {
      seen = clock.now();
    });
    clock.advance(50);
    expect([seen, clock.now(), clock.monotonic()]).toEqual([1005, 1050, 50]);
  });

  it('fires a timer that was made by a timer, when it falls due in the same step', () => {
    const clock = new FakeClock();
    const at: number[] = [];
    clock.after(10, () => clock.after(10, () => at.push(clock.monotonic())));
    clock.advance(20);
    expect(at).toEqual([20]);
  });

  it('repeats until cancelled, also from inside', () => {
    const clock = new FakeClock();
    let count = 0;
    const timer = clock.every(10, () => {
      count += 1;
      if (count === 3) timer.cancel();
    });
    clock.advance(100);
    expect([count, clock.pending]).toEqual([3, 0]);
  });

  it('never fires what was cancelled', () => {
    const clock = new FakeClock();
    clock.after(1, () => expect.unreachable()).cancel();
    clock.every(1, () => expect.unreachable()).cancel();
    clock.advance(10);
    expect(clock.untilNext).toBeUndefined();
  });

  it('steps the wall clock without firing anything', () => {
    const clock = new FakeClock(1000);
    clock.after(10, () => expect.unreachable());
    clock.step(-500);
    expect([clock.now(), clock.monotonic(), clock.untilNext]).toEqual([500, 0, 10]);
  });

  it('passes over time as a sleeping machine does: what fell due meanwhile fires late, and once', () => {
    const clock = new FakeClock(1000);
    const fired: string[] = [];
    clock.after(5, () => fired.push('once'));
    clock.every(10, () => fired.push('again'));
    clock.skip(1_000);
    expect([fired, clock.now(), clock.monotonic(), clock.untilNext]).toEqual([[], 2000, 1000, 0]);
    clock.advance(9);
    expect(fired).toEqual(['once', 'again']);
    clock.advance(1);
    expect(fired).toEqual(['once', 'again', 'again']);
  });

  it('lets promises run between timers', async () => {
    const clock = new FakeClock();
    const at: number[] = [];
    const loop = async () => {
      for (let turn = 0; turn < 3; turn += 1) {
        await new Promise<void>((resolve) => clock.after(10, resolve));
        at.push(clock.monotonic());
      }
    };
    const done = loop();
    await clock.run(35);
    await done;
    expect(at).toEqual([10, 20, 30]);
  });
});
