import { describe, expect, it } from 'vitest';
import { unseenBy } from '../../src/state/queries/receipts.ts';
import { World } from './world.ts';

/** A writes to B (position 1) and to everybody (position 2). */
function world() {
  const it = new World();
  const [a, b, c] = [it.enter('A'), it.enter('B'), it.enter('C')];
  it.sent(a, 'B');
  it.sent(a, 'all');
  it.effects.length = 0;
  const remark = (session: number, positions: number[], reason = 'in a tool') =>
    it.apply({ type: 'remark', at: it.tick(), session, positions, reason }).outcome.changed;
  return Object.assign(it, { a, b, c, remark });
}

describe('a remark', () => {
  it('is told to the sender with the state that the receipt is in', () => {
    const it = world();
    it.report(it.b, 'handed', [2]);
    it.effects.length = 0;
    expect(it.remark(it.b, [1, 2])).toBe(2);
    expect(it.effects).toMatchObject([
      { kind: 'receipt', name: 'B', position: 1, sender: it.a, state: 'stored', unseen: 'in a tool' },
      { kind: 'receipt', name: 'B', position: 2, sender: it.a, state: 'handed', unseen: 'in a tool' },
    ]);
  });

  it('moves nothing: what is unread stays unread', () => {
    const it = world();
    it.remark(it.b, [1, 2]);
    expect(it.inbox(it.b)).toEqual([1, 2]);
    expect(it.receipts(1)).toEqual({ B: 'stored' });
  });

  it('takes the place of the one before', () => {
    const it = world();
    it.remark(it.b, [1], 'idle');
    it.remark(it.b, [1], 'held');
    expect(it.receipt(1, 'B')).toMatchObject({ state: 'stored', unseen: 'held' });
  });

  it.each(['seen', 'refused', 'dead', 'expired'] as const)('is over once the receipt is %s', (state) => {
    const it = world();
    it.remark(it.b, [1]);
    it.report(it.b, state, [1]);
    expect(it.receipt(1, 'B')).not.toHaveProperty('unseen');
    expect(it.remark(it.b, [1])).toBe(0);
  });

  it('stays while the receipt goes from stored to handed', () => {
    const it = world();
    it.remark(it.b, [1]);
    it.report(it.b, 'handed', [1]);
    expect(it.receipt(1, 'B')).toMatchObject({ state: 'handed', unseen: 'in a tool' });
  });

  it('is of a recipient only: nobody remarks on mail of others, or on what is not there', () => {
    const it = world();
    expect(it.remark(it.c, [1, 99])).toBe(0);
    expect(it.remark(it.a, [1, 2])).toBe(0);
    expect(it.remark(99, [1])).toBe(0);
    expect(it.effects).toEqual([]);
  });

  it('of a broadcast is told for each recipient by itself', () => {
    const it = world();
    it.remark(it.c, [2], 'idle');
    const row = it.envelope(2);
    expect(it.receipt(2, 'C')).toMatchObject({ state: 'stored', unseen: 'idle' });
    expect(it.receipt(2, 'B')).not.toHaveProperty('unseen');
    expect(unseenBy(it.store, row, 5)).toEqual([{ name: 'C', reason: 'idle' }]);
    it.remark(it.b, [2], 'busy');
    expect(unseenBy(it.store, row, 1)).toEqual([{ name: 'B', reason: 'busy' }]);
    it.report(it.c, 'seen', [2]);
    expect(unseenBy(it.store, row, 5)).toEqual([{ name: 'B', reason: 'busy' }]);
  });
});
