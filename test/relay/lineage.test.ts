import { describe, expect, it } from 'vitest';
import { TIMES } from '../../src/protocol/limits.ts';
import { Lineage, through } from '../../src/relay/lineage.ts';

const [A, B, C] = [10, 11, 12];
const positions = (lineage: Lineage, now: number) => lineage.giftsOf(A, now).map(({ position }) => position);

describe('the way of a message', () => {
  it('is one longer with each who passes it on, and takes the way back to who had it before', () => {
    expect(through([A], B)).toEqual([A, B]);
    expect(through([A, B], C)).toEqual([A, B, C]);
    expect(through([A, B, C], A)).toEqual([A]);
    expect(through([A, B, C], B)).toEqual([A, B]);
    expect(through([], A)).toEqual([A]);
  });
});

describe('what an agent was given', () => {
  it('is its last eight, the newest last, each once', () => {
    const lineage = new Lineage();
    for (let position = 1; position <= 10; position++) lineage.gave(A, [position], 0);
    lineage.gave(A, [5], 1);
    expect(positions(lineage, 1)).toEqual([3, 4, 6, 7, 8, 9, 10, 5]);
    expect(lineage.giftsOf(B, 1)).toEqual([]);
  });

  it('is no cause any more after ten minutes', () => {
    const lineage = new Lineage();
    lineage.gave(A, [1], 0);
    lineage.gave(A, [2], 5);
    expect(positions(lineage, TIMES.cause - 1)).toEqual([1, 2]);
    expect(positions(lineage, TIMES.cause)).toEqual([2]);
    lineage.sweep(TIMES.cause + 5);
    expect(positions(lineage, 0)).toEqual([]);
  });
});

describe('lines', () => {
  it('are remembered of the newest messages', () => {
    const lineage = new Lineage();
    const line = { path: [A], text: 't' };
    for (let position = 1; position <= 20_000; position++) lineage.note(position, line);
    expect([lineage.lineOf(1), lineage.lineOf(3_616), lineage.lineOf(3_617)]).toEqual([undefined, undefined, line]);
  });
});
