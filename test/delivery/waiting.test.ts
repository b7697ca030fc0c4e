import { describe, expect, it } from 'vitest';
import { Waiting } from '../../src/delivery/waiting.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { letter } from './rig.ts';

function waitingFor() {
  const clock = new FakeClock();
  return { clock, waiting: new Waiting(clock) };
}

describe('mail that waits', () => {
  it('has waited since its first was known', () => {
    const { clock, waiting } = waitingFor();
    expect(waiting.longest).toBe(0);
    const first = letter();
    waiting.update([first]);
    clock.advance(40);
    waiting.update([first, letter()]);
    clock.advance(10);
    expect(waiting.longest).toBe(50);
  });

  it('pours in when one comes soon after another, also when that is read by now', () => {
    const { clock, waiting } = waitingFor();
    expect(waiting.pace).toEqual({ calm: Number.POSITIVE_INFINITY, spacing: Number.NaN });
    const [first, second] = [letter(), letter()];
    waiting.update([first]);
    expect(waiting.pace).toEqual({ calm: 0, spacing: Number.POSITIVE_INFINITY });
    clock.advance(30);
    waiting.update([]);
    clock.advance(50);
    waiting.update([second]);
    clock.advance(5);
    waiting.update([second]);
    expect(waiting.pace).toEqual({ calm: 5, spacing: 80 });
  });

  it('says what waits for too long, but for quiet mail', () => {
    const { clock, waiting } = waitingFor();
    const [loud, quiet] = [letter({ id: 'm1' }), letter({ id: 'm2', priority: 'quiet' })];
    waiting.update([loud, quiet]);
    clock.advance(45_000);
    waiting.update([loud, quiet, letter({ id: 'm3' })]);
    expect([...waiting.overdue(45_000)]).toEqual([['m1', loud.position]]);
  });

  it('forgets what was in its way when it has gone in', () => {
    const { waiting } = waitingFor();
    waiting.update([letter()]);
    waiting.because('at work');
    expect(waiting.obstacle).toBe('at work');
    waiting.update([]);
    expect(waiting.obstacle).toBeUndefined();
    expect(waiting.isEmpty).toBe(true);
  });
});
