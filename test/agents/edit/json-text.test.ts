import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  insertChild,
  insideOf,
  isBare,
  memberValue,
  parseObject,
  plainValue,
  position,
  removeChild,
  replaceNode,
  withInside,
} from '../../../src/agents/edit/json-text.ts';
import { anyTree, documentOf, LOOSE, STRICT } from './any-json.ts';

const parse = (text: string) => parseObject(text, LOOSE, 'f');

function value(text: string): object {
  const plain = plainValue(parse(text));
  return typeof plain === 'object' && plain !== null ? plain : {};
}

describe('a position', () => {
  it.each([
    ['abc', 0, 'line 1, column 1'],
    ['abc', 2, 'line 1, column 3'],
    ['a\nbc', 3, 'line 2, column 2'],
    ['a\r\nbc', 3, 'line 2, column 1'],
    ['a\r\n\r\nbc', 6, 'line 3, column 2'],
    ['a\rb', 2, 'line 2, column 1'],
  ])('in %j at %i is %s', (text, offset, said) => {
    expect(position(text, offset)).toBe(said);
  });
});

describe('any document', () => {
  const any = documentOf({ other: anyTree }, LOOSE);

  it('has a member more after one was inserted, and its text back without it', () => {
    fc.assert(
      fc.property(any, anyTree, (text, more) => {
        const root = parse(text);
        const count = root.children?.length ?? 0;
        const longer = insertChild(text, root, root, 'our own', more);
        expect(value(longer)).toEqual({ ...value(text), 'our own': JSON.parse(JSON.stringify(more)) });
        const shorter = removeChild(longer, parse(longer), count).text;
        const inside = count === 0 ? withInside(shorter, parse(shorter), insideOf(text, root)) : shorter;
        expect(inside).toBe(text);
      }),
      { numRuns: 500 },
    );
  });

  it('keeps every other member when one of them is removed', () => {
    fc.assert(
      fc.property(any, fc.nat(), (text, dice) => {
        const root = parse(text);
        const count = root.children?.length ?? 0;
        fc.pre(count > 0);
        const members = Object.entries(value(text));
        // Of a name that is there twice the parser shows one.
        fc.pre(members.length === count);
        const index = dice % count;
        const gone = root.children?.[index]?.children?.[0]?.value;
        const left = members.filter(([name]) => name !== gone);
        expect(value(removeChild(text, root, index).text)).toEqual(Object.fromEntries(left));
      }),
      { numRuns: 500 },
    );
  });

  it('has another value where one was replaced, and no other byte is another', () => {
    fc.assert(
      fc.property(any, anyTree, (text, other) => {
        const root = parse(text);
        const node = memberValue(root, 'other');
        fc.pre(node !== undefined);
        if (node === undefined) return;
        const now = replaceNode(text, root, node, other);
        expect(value(now)).toEqual({ ...value(text), other: JSON.parse(JSON.stringify(other)) });
        expect(now.startsWith(text.slice(0, node.offset))).toBe(true);
        expect(now.endsWith(text.slice(node.offset + node.length))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

describe('an object', () => {
  it.each([
    ['{}', true],
    ['{ \n }', true],
    ['{ /* c */ }', false],
    ['{ // c\n }', false],
    ['{"a":1}', false],
  ])('%j is bare: %s', (text, isIt) => {
    expect(isBare(text, parse(text))).toBe(isIt);
  });

  it.each([
    ['{}', ''],
    ['{ \n }', ' \n '],
    ['{ /* c */ }', ' '],
    ['{ // c\n}', '\n'],
  ])('%j has inside it %j', (text, inside) => {
    expect(insideOf(text, parse(text))).toBe(inside);
    expect(withInside(text, parse(text), inside)).toBe(text);
  });

  it('is never closed by a comment that has no end of line any more', () => {
    const text = '{ // c\n}';
    expect(withInside(text, parse(text), '')).toBe(text);
  });

  it('of a list is found by none of its names', () => {
    expect(memberValue(parse('{"a": 1}'), 'b')).toBeUndefined();
    expect(memberValue(parse('{}'), 'constructor')).toBeUndefined();
  });
});

describe('the parser', () => {
  it('agrees with JSON.parse about what is JSON', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"a"',
      '1',
      '01',
      '-',
      '1e',
      'null',
      'nul',
      ' ',
      '//',
      '\t',
      '"\\x"',
      '"\t"',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
        const text = `{"x":${parts.join('')}}`;
        expect(accepts(() => parseObject(text, STRICT, 'f'))).toBe(accepts(() => JSON.parse(text)));
      }),
      { numRuns: 3000 },
    );
  });

  function accepts(act: () => unknown): boolean {
    try {
      act();
      return true;
    } catch {
      return false;
    }
  }
});
