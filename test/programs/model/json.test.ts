import { describe, expect, it } from 'vitest';
import { bytes, flat, get, items, text } from './json.ts';

describe('reading JSON of others', () => {
  it('follows a path, and answers with nothing where it ends', () => {
    expect(get({ a: { b: 1 } }, 'a', 'b')).toBe(1);
    expect(get({ a: { b: 1 } }, 'a', 'x', 'y')).toBeUndefined();
    expect(get(null, 'a')).toBeUndefined();
    expect(get('text', 'length')).toBeUndefined();
  });

  it('takes only lists for lists and texts for texts', () => {
    expect(items({ length: 1 })).toEqual([]);
    expect(items([1])).toEqual([1]);
    expect(text(5)).toBe('');
    expect(text('five')).toBe('five');
  });

  it('measures what is on the wire', () => {
    expect(bytes(undefined)).toBe(0);
    expect(bytes('é')).toBe(2);
    expect(bytes({ a: 'é' })).toBe(10);
  });

  it.each([
    ['plain', 'plain'],
    [
      [
        { type: 'text', text: 'one' },
        { type: 'text', text: 'two' },
      ],
      'one\ntwo',
    ],
    [{ type: 'tool_result', content: [{ type: 'text', text: 'inner' }] }, 'inner'],
    [{ output: 'result' }, 'result'],
    [{ parts: [{ text: 'part' }] }, 'part'],
    [{ type: 'image' }, ''],
    [undefined, ''],
  ])('finds the text in %j', (content, found) => {
    expect(flat(content)).toBe(found);
  });
});
