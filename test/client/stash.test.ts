import { describe, expect, it } from 'vitest';
import { isReceiveResult, Stash } from '../../src/client/stash.ts';
import type { Envelope } from '../../src/protocol/envelope.ts';

const envelope = (position: number, extra: Partial<Envelope> = {}): Envelope => ({
  id: `m${position}`,
  position,
  from: 'A',
  to: ['B'],
  at: 0,
  body: 'x',
  ...extra,
});
const positions = (messages: readonly Envelope[]) => messages.map((message) => message.position);

describe('the stash', () => {
  it('leaves an answer alone while it is empty', () => {
    const result = { messages: [envelope(1)], more: 2 };
    const stash = new Stash();
    expect(stash.merge({}, result)).toBe(result);
    expect(stash.remainder({ count: 3, wait_seconds: 9 })).toEqual({ count: 3, wait_seconds: 9 });
  });

  it('gives what it holds before what is new, oldest first, and no more than was asked for', () => {
    const stash = new Stash();
    stash.put([envelope(4), envelope(2)]);
    expect(stash.remainder({ count: 3, wait_seconds: 9 })).toEqual({ count: 1, wait_seconds: 0 });
    const merged = stash.merge({ count: 3 }, { messages: [envelope(7)], more: 5 });
    expect([positions(merged.messages), merged.more]).toEqual([[2, 4, 7], 5]);
    expect(stash.count({})).toBe(0);
  });

  it('keeps what did not fit, and counts it as more', () => {
    const stash = new Stash();
    stash.put([1, 2, 3].map((position) => envelope(position)));
    const merged = stash.merge({ count: 2 }, { messages: [envelope(9)], more: 1 });
    expect([positions(merged.messages), merged.more]).toEqual([[1, 2], 3]);
    expect(positions(stash.merge({}, { messages: [], more: 0 }).messages)).toEqual([3, 9]);
  });

  it('never holds one envelope twice', () => {
    const stash = new Stash();
    stash.put([envelope(1)]);
    stash.put([envelope(1, { redelivered: true })]);
    expect(stash.merge({}, { messages: [envelope(1)], more: 0 }).messages).toHaveLength(1);
  });

  it.each([
    [{ from: 'C' }, [2]],
    [{ thread: 't' }, [3]],
    [{ reply_to: 'm0' }, [4]],
    [{ from: 'A', thread: 't' }, [3]],
    [{ from: 'nobody' }, []],
    [{}, [1, 2, 3, 4]],
  ])('gives to %j only what fits it', (args, expected) => {
    const stash = new Stash();
    stash.put([envelope(1), envelope(2, { from: 'C' }), envelope(3, { thread: 't' }), envelope(4, { reply_to: 'm0' })]);
    expect(positions(stash.merge(args, { messages: [], more: 0 }).messages)).toEqual(expected);
  });

  it('is empty after its connection is gone', () => {
    const stash = new Stash();
    stash.put([envelope(1)]);
    stash.clear();
    expect(stash.count({})).toBe(0);
  });

  it.each([
    [{ messages: [], more: 0 }, true],
    [{ messages: 'x' }, false],
    [{}, false],
    [null, false],
    ['text', false],
  ])('takes %j for an answer to receive: %s', (value, is) => {
    expect(isReceiveResult(value)).toBe(is);
  });
});
