import { describe, expect, it } from 'vitest';
import type { EnvelopeRow } from '../../src/state/queries/envelopes.ts';
import { isIntact, sumOf } from '../../src/state/sum.ts';
import { World } from './world.ts';

const row: EnvelopeRow = {
  position: 7,
  id: 'x',
  sender: 2,
  at: 1_700_000_000_000,
  channels: [3],
  thread: null,
  reply_to: 'y',
  priority: 0,
  expires_at: null,
  body: 'body',
  extra: null,
  hash: 'h',
  sum: 0,
};

describe('the sum of an envelope', () => {
  it('is stored with it, and fits what is read', () => {
    const world = new World();
    const a = world.enter('A');
    const position = world.sent(a, 'A', {
      thread: 't',
      body: '☃'.repeat(30_000),
      extra: '{"key_id":"k"}',
      expires_at: 5,
    });
    const stored = world.envelope(position);
    expect([isIntact(stored), stored.sum]).toEqual([true, sumOf(stored)]);
  });

  it.each([
    ['position', 8],
    ['id', 'X'],
    ['sender', 3],
    ['at', row.at + 1],
    ['channels', [2]],
    ['thread', ''],
    ['reply_to', null],
    ['priority', 1],
    ['expires_at', 0],
    ['body', 'bodY'],
    ['extra', '{}'],
    ['hash', 'g'],
  ])('is another one when its %s is', (field, value) => {
    const sum = sumOf(row);
    expect(isIntact({ ...row, sum })).toBe(true);
    expect(isIntact({ ...row, sum, [field]: value })).toBe(false);
  });

  it('is the same as ever: what was stored is read for years', () => {
    const old = { ...row, channels: [3, 4], thread: 'a "b" ☃', body: 'bo\u0001dy ☃ "\\', extra: '{"key_id":"k"}' };
    expect(sumOf(old)).toBe(1_652_094_463);
  });

  it('tells where one value ends and the next begins', () => {
    expect(sumOf({ ...row, thread: 'ab', reply_to: 'c' })).not.toBe(sumOf({ ...row, thread: 'a', reply_to: 'bc' }));
  });

  it('is a whole number that SQLite and JavaScript both keep', () => {
    for (let i = 0; i < 1_000; i++) expect(sumOf({ ...row, position: i })).toBeLessThan(2 ** 32);
  });

  it('is not known of what was stored before there were sums', () => {
    expect(isIntact({ ...row, sum: null })).toBe(true);
  });
});
