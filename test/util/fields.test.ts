import { describe, expect, it } from 'vitest';
import { fieldsOf, listOf, parsed } from '../../src/util/fields.ts';

describe('a value of unknown shape', () => {
  it.each([
    [{ a: 1 }, { a: 1 }],
    [null, {}],
    [undefined, {}],
    ['text', {}],
    [1, {}],
    [[1], {}],
  ])('has members: those of %j are %j', (value, members) => {
    expect(fieldsOf(value)).toEqual(members);
  });

  it.each([
    [
      [1, 'a'],
      [1, 'a'],
    ],
    [{ 0: 1, length: 1 }, []],
    [undefined, []],
    ['text', []],
  ])('has items: those of %j are %j', (value, items) => {
    expect(listOf(value)).toEqual(items);
  });

  it.each([
    ['{"a":1}', { a: 1 }],
    ['null', null],
    ['{"a":', undefined],
    ['', undefined],
  ])('is read from JSON: %j is %j', (text, value) => {
    expect(parsed(text)).toEqual(value);
  });
});
