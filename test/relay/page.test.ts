import { describe, expect, it } from 'vitest';
import type { Envelope } from '../../src/protocol/envelope.ts';
import { LIMITS } from '../../src/protocol/limits.ts';
import { Page } from '../../src/relay/page.ts';

const envelope = (body: string, attachments?: unknown[]): Envelope => ({
  id: 'm',
  position: 1,
  from: 'A',
  to: ['B'],
  at: 0,
  body,
  ...(attachments ? { attachments } : {}),
});

describe('a page', () => {
  it('is full at its count', () => {
    const page = new Page(2);
    expect([page.add(envelope('a')), page.isFull, page.add(envelope('b')), page.isFull]).toEqual([
      true,
      false,
      true,
      true,
    ]);
    expect(page.add(envelope('c'))).toBe(false);
    expect(page.messages.map((each) => each.body)).toEqual(['a', 'b']);
  });

  it('takes one that is larger than a page, alone', () => {
    const page = new Page(9);
    expect(page.add(envelope('x'.repeat(LIMITS.pageBytes + 1)))).toBe(true);
    expect([page.isFull, page.add(envelope('y'))]).toEqual([true, false]);
  });

  it.each([
    ['text of one byte', envelope('x'.repeat(1_000)), 131],
    ['text of three bytes', envelope('語'.repeat(1_000)), 43],
    ['attachments', envelope('', ['x'.repeat(996)]), 131],
  ])('counts bytes: %s', (_what, each, fit) => {
    const page = new Page(1_000);
    while (page.add(each));
    expect(page.messages).toHaveLength(fit);
  });
});
