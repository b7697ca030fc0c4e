import { expect, it } from 'vitest';
import { fieldsOf } from '../../src/util/fields.ts';

it.each([
  [{ a: 1 }, { a: 1 }],
  [null, {}],
  [undefined, {}],
  ['text', {}],
  [1, {}],
  [[1], { 0: 1 }],
])('the members of %j are %j', (value, members) => {
  expect(fieldsOf(value)).toEqual(members);
});
