import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { moves, RECEIPT_STATES, type ReceiptState, SAID_STATES } from '../../src/protocol/receipt.ts';

/** From (row) to (column), in the order of RECEIPT_STATES: stored handed seen replied expired refused dead. */
const TABLE: Record<ReceiptState, string> = {
  stored: '-111111',
  handed: '--11-1-',
  seen: '---1-1-',
  replied: '-------',
  expired: '-------',
  refused: '-------',
  dead: '-------',
};

describe('the ladder of receipts', () => {
  for (const from of RECEIPT_STATES) {
    it.each(RECEIPT_STATES.map((to, i) => [to, TABLE[from][i] === '1'] as const))(
      `from ${from} to %s moves: %s`,
      (to, expected) => {
        expect(moves(from, to)).toBe(expected);
      },
    );
  }

  it('comes to the same place whatever is said twice', () => {
    const state = fc.constantFrom(...RECEIPT_STATES);
    fc.assert(
      fc.property(fc.array(state), (said) => {
        const climb = (all: ReceiptState[]) =>
          all.reduce<ReceiptState>((at, to) => (moves(at, to) ? to : at), 'stored');
        expect(climb(said.flatMap((each) => [each, each]))).toBe(climb(said));
      }),
    );
  });

  it('ends: no way leads back, so none is longer than its states', () => {
    const longest = (from: ReceiptState): number =>
      Math.max(0, ...RECEIPT_STATES.filter((to) => moves(from, to)).map((to) => 1 + longest(to)));
    expect(longest('stored')).toBe(3);
  });

  it('lets a recipient say only what it can know', () => {
    expect([...SAID_STATES]).toEqual(['handed', 'seen', 'refused']);
    for (const state of SAID_STATES) expect(RECEIPT_STATES).toContain(state);
  });
});
