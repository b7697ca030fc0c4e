import { describe, expect, it } from 'vitest';
import { encode } from '../../src/protocol/codec.ts';
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
    ['text of one byte', { body: 'x'.repeat(1_000) }],
    ['text of three bytes', { body: '語'.repeat(1_000) }],
    ['text that is written with six', { body: '\u0001'.repeat(1_000) }],
    ['half a pair, which is written with six', { body: '\ud800'.repeat(1_000) }],
    ['attachments', { attachments: ['x'.repeat(996)] }],
    ['a signature that is written with six', { signature: '\u0001'.repeat(512) }],
    ['addresses', { to: Array.from({ length: 64 }, () => 'N'.repeat(64)) }],
    [
      'everything else',
      { id: 'm'.repeat(64), from: 'N'.repeat(64), thread: '"'.repeat(64), redelivered: true as const },
    ],
  ])('counts bytes as they go out: %s', (_what, more) => {
    const page = new Page(10_000);
    const each = { ...envelope(''), position: 2 ** 52, at: 2 ** 52, ...more };
    while (page.add(each));
    const bytes = Buffer.byteLength(encode({ type: 'deliver', messages: page.messages, unread: 0 }));
    expect(bytes).toBeLessThan(LIMITS.pageBytes);
    // Nor is the page half empty, unless it is made of the smallest.
    const isSmall = Buffer.byteLength(JSON.stringify(each)) < 1_000;
    if (!isSmall) expect(bytes).toBeGreaterThan(LIMITS.pageBytes / 2);
  });
});
