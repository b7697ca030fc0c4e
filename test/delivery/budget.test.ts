import { describe, expect, it } from 'vitest';
import { Budget } from '../../src/delivery/budget.ts';
import { FakeClock } from '../support/fake-clock.ts';

const HOUR = 3_600_000;

describe('the budget of wakes', () => {
  it('is so many in any hour', () => {
    const clock = new FakeClock();
    const budget = new Budget(clock, 2);
    budget.spend();
    clock.advance(1_000);
    expect(budget.wait()).toBe(0);
    budget.spend();
    expect(budget.wait()).toBe(HOUR - 1_000);
    clock.advance(HOUR - 1_001);
    expect(budget.wait()).toBe(1);
    clock.advance(1);
    expect(budget.wait()).toBe(0);
    budget.spend();
    expect(budget.wait()).toBe(1_000);
  });

  it('knows how long ago the last wake was, also when it is full again', () => {
    const clock = new FakeClock();
    const budget = new Budget(clock, 2);
    expect(budget.ago).toBe(Number.POSITIVE_INFINITY);
    budget.spend();
    clock.advance(70);
    budget.refill();
    expect(budget.ago).toBe(70);
  });

  it('is full again when the person has spoken', () => {
    const budget = new Budget(new FakeClock(), 1);
    budget.spend();
    expect(budget.wait()).toBe(HOUR);
    budget.refill();
    expect(budget.wait()).toBe(0);
  });

  it('may be none at all', () => {
    const budget = new Budget(new FakeClock(), 0);
    expect(budget.wait()).toBeGreaterThan(0);
    budget.refill();
    expect(budget.wait()).toBeGreaterThan(0);
  });

  it('does not care for the wall clock', () => {
    const clock = new FakeClock();
    const budget = new Budget(clock, 1);
    budget.spend();
    clock.step(-10 * HOUR);
    expect(budget.wait()).toBe(HOUR);
    clock.step(20 * HOUR);
    expect(budget.wait()).toBe(HOUR);
  });
});
