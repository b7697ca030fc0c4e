import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import {
  anything,
  type Check,
  flag,
  integer,
  json,
  list,
  oneOf,
  oneOrMore,
  optional,
  shape,
  text,
  utf8Bytes,
} from '../../src/protocol/check.ts';
import { codeOf, refusal } from './refusal.ts';

// Thousands of cases: how long they take says nothing.
vi.setConfig({ testTimeout: 120_000 });

const deep = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels));

/** What a check takes as it is, and what it refuses with which code. */
interface Case {
  readonly name: string;
  readonly check: Check<unknown>;
  readonly good: readonly unknown[];
  readonly bad: readonly unknown[];
  readonly large?: readonly unknown[];
}

const cases: readonly Case[] = [
  {
    name: 'text of at most 5 characters',
    check: text({ max: 5 }),
    good: ['', 'a', 'abcde', '☃☃☃☃☃', '𝒳𝒳', '\n', ' ', '\ud800'],
    bad: [1, null, undefined, true, [], {}, ['a'], 'a\0', '\0', new String('a')],
    large: ['abcdef', '𝒳𝒳𝒳', 'x'.repeat(1_000_000)],
  },
  {
    name: 'text of at most 5 bytes',
    check: text({ max: 5, bytes: true }),
    good: ['', 'abcde', 'ab☃', 'é', '𝒳a', '☃'],
    bad: [1, null, {}, 'a\0'],
    large: ['abcdef', '☃☃', 'ééé', '𝒳𝒳', 'abc☃', '\ud800\ud800'],
  },
  { name: 'text of 1 or more', check: text({ max: 5, min: 1 }), good: ['a', ' '], bad: ['', null], large: ['abcdef'] },
  {
    name: 'text of a pattern',
    check: text({ max: 5, pattern: /^[a-z]+$/, is: 'letters' }),
    good: ['abc'],
    bad: ['', 'ABC', 'a1', 'abc\n', 'a b'],
    large: ['abcdef', '123456'],
  },
  {
    name: 'a whole number from -2 to 10',
    check: integer({ min: -2, max: 10 }),
    good: [-2, 0, 10, -0, 1.0],
    bad: [-3, 11, 0.5, '5', null, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 5n, true, [5], {}],
  },
  {
    name: 'a position',
    check: integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
    good: [0, Number.MAX_SAFE_INTEGER],
    bad: [-1, Number.MAX_SAFE_INTEGER + 1, 1e300],
  },
  { name: 'a flag', check: flag(), good: [true, false], bad: [0, 1, 'true', null, undefined, {}, []] },
  {
    name: 'one of two words',
    check: oneOf(['red', 'blue']),
    good: ['red', 'blue'],
    bad: ['Red', '', 'green', 'constructor', '__proto__', 'toString', 0, null, ['red']],
  },
  {
    name: 'a list of at most 3 numbers',
    check: list(integer({ min: 0, max: 9 }), { max: 3 }),
    good: [[], [1], [1, 2, 3], [1, 1]],
    bad: [['1'], [1, null], [[1]], [10], { length: 1, 0: 1 }, 'abc', null, 1],
    large: [[1, 2, 3, 4], new Array(100_000), Array.from({ length: 10_000 }, () => 'x')],
  },
  { name: 'a list of at least one', check: list(flag(), { max: 3, min: 1 }), good: [[true]], bad: [[], null] },
  {
    name: 'JSON of at most 10 bytes',
    check: json({ maxBytes: 10 }),
    good: [null, 1, '12345678', [1, 2, 3], {}, true, [[[[[]]]]], '☃☃', undefined],
    bad: [],
    large: ['123456789', [1, 2, 3, 4, 5, 6], '☃☃☃', { a: 'bcdef' }, deep(6), deep(100_000)],
  },
  { name: 'anything', check: anything, good: [null, 1, '', [], {}, deep(100_000)], bad: [] },
];

describe('a check', () => {
  for (const { name, check, good, bad, large = [] } of cases) {
    it.each(good.map((value) => [value]))(`for ${name} takes case %#`, (value) => {
      const read = check.read(value, 'it');
      if (name.startsWith('a list')) expect(read).toEqual(value);
      else expect(read).toBe(value);
    });
    it.each(bad.map((value) => [value]))(`for ${name} refuses case %# and names it`, (value) => {
      const error = refusal(() => check.read(value, 'it.there'));
      expect(error.code).toBe('bad_request');
      expect(error.message).toMatch(/^it\.there(?:\[\d\])? must [^\n]+\.$/);
    });
    it.each(large.map((value) => [value]))(`for ${name} refuses case %# as too large`, (value) => {
      const error = refusal(() => check.read(value, 'it.there'));
      expect(error.code).toBe('too_large');
      expect(error.message).toMatch(/^it\.there must (?:be|have) [^\n]+\.$/);
    });
  }

  it('for a list copies it, so that nobody can change what was checked', () => {
    const given = [1, 2];
    const read = list(integer({ min: 0, max: 9 }), { max: 3 }).read(given, '');
    given.push(99);
    expect(read).toEqual([1, 2]);
  });

  it('names the entry of a list that is wrong', () => {
    const check = list(list(flag(), { max: 2 }), { max: 2 });
    expect(refusal(() => check.read([[true], [true, 1]], 'it')).message).toBe('it[1][1] must be true or false.');
  });
});

describe('one or more', () => {
  const check = oneOrMore(integer({ min: 0, max: 9 }), { max: 3 });

  it.each([
    [1, [1]],
    [[1], [1]],
    [
      [3, 2, 1],
      [3, 2, 1],
    ],
  ])('reads %j as the list %j', (value, expected) => {
    expect(check.read(value, 'it')).toEqual(expected);
  });

  it.each([
    ['bad_request', []],
    ['bad_request', null],
    ['bad_request', '1'],
    ['bad_request', [1, 'x']],
    ['bad_request', [[1]]],
    ['too_large', [1, 2, 3, 4]],
  ] as const)('refuses with %s: %j', (code, value) => {
    expect(codeOf(() => check.read(value, 'it'))).toBe(code);
  });
});

describe('a shape', () => {
  const inner = shape({ deep: optional(flag()) });
  const check = shape({ name: text({ max: 9 }), count: optional(integer({ min: 0, max: 9 })), inner: optional(inner) });

  it('takes exactly its fields', () => {
    const whole = { name: 'n', count: 1, inner: { deep: true } };
    expect(check.read(whole, '')).toEqual(whole);
    expect(check.read({ name: 'n' }, '')).toEqual({ name: 'n' });
  });

  it('takes null and undefined for an optional field that is not there', () => {
    const read = check.read({ name: 'n', count: null, inner: undefined }, '');
    expect(Object.keys(read)).toEqual(['name']);
    expect(check.read({ name: 'n', inner: { deep: null } }, '')).toEqual({ name: 'n', inner: {} });
  });

  it.each<[string, unknown, string]>([
    ['a field that is missing', {}, 'args.name is missing.'],
    ['a field that is undefined', { name: undefined }, 'args.name is missing.'],
    ['null for a field that it needs', { name: null }, 'args.name must be text of at most 9 characters.'],
    [
      'a field that it does not know',
      { name: 'n', nam: 1 },
      '"args.nam" is not known here; known: name, count, inner.',
    ],
    ['one that is null', { name: 'n', nam: null }, '"args.nam" is not known here; known: name, count, inner.'],
    ['one within', { name: 'n', inner: { x: 1 } }, '"args.inner.x" is not known here; known: deep.'],
    ['a wrong one within', { name: 'n', inner: { deep: 1 } }, 'args.inner.deep must be true or false.'],
    ['a list', [], 'args must be an object.'],
    ['null', null, 'args must be an object.'],
    ['text', 'x', 'args must be an object.'],
    ['nothing', undefined, 'args must be an object.'],
  ])('refuses %s and says which', (_, value, message) => {
    const error = refusal(() => check.read(value, 'args'));
    expect([error.code, error.message]).toEqual(['bad_request', message]);
  });

  it.each(['__proto__', 'constructor', 'hasOwnProperty', 'toString', 'prototype', 'valueOf', '__defineGetter__'])(
    'does not know the field %s, which every object has',
    (key) => {
      const value: unknown = JSON.parse(`{"name":"n","${key}":{"polluted":true}}`);
      expect(codeOf(() => check.read(value, ''))).toBe('bad_request');
      expect({}).not.toHaveProperty('polluted');
    },
  );

  it('does not take inherited fields for given ones', () => {
    expect(codeOf(() => check.read(Object.create({ name: 'n' }), ''))).toBe('bad_request');
  });

  it('quotes a field of the peer back short and on one line', () => {
    const { message } = refusal(() => check.read({ [`${'x'.repeat(5_000)}`]: 1 }, ''));
    expect(message.length).toBeLessThan(150);
    const control = refusal(() => check.read({ 'a\n\u001b[31m"': 1 }, '')).message;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that there are none is what is tested
    expect(control).not.toMatch(/[\u0000-\u001f]/);
  });

  it('refuses a hundred thousand fields at the first', () => {
    const many = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`f${i}`, i]));
    expect(refusal(() => check.read(many, '')).message).toContain('"f0"');
  });

  it('says its schema: what it needs, what it knows, and that there is no more', () => {
    expect(check.schema).toEqual({
      type: 'object',
      properties: {
        name: { type: 'string' },
        count: { type: 'integer', minimum: 0, maximum: 9 },
        inner: { type: 'object', properties: { deep: { type: 'boolean' } }, additionalProperties: false },
      },
      required: ['name'],
      additionalProperties: false,
    });
  });

  it('throws nothing but a RelayError, whatever it is given', () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true, withBigInt: true }), (value) => {
        try {
          check.read(value, 'args');
        } catch {
          refusal(() => check.read(value, 'args'));
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('descriptions', () => {
  it.each<[string, Check<unknown>]>([
    ['text', text({ max: 1, description: 'why' })],
    ['a number', integer({ min: 0, max: 1, description: 'why' })],
    ['a flag', flag('why')],
    ['a choice', oneOf(['a'], 'why')],
    ['one or more', oneOrMore(flag(), { max: 2 }, 'why')],
  ])('of %s stand in its schema, and stay when it is optional', (_, check) => {
    expect([check.schema, optional(check).schema]).toMatchObject([{ description: 'why' }, { description: 'why' }]);
  });
});

describe('bytes of UTF-8', () => {
  it('are those that a file would have', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (value) => utf8Bytes(value) === Buffer.byteLength(value)));
  });

  it('are what a limit in bytes counts, at every length around it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), fc.nat({ max: 60 }), (value, max) => {
        if (value.includes('\0')) return;
        const read = () => text({ max, bytes: true }).read(value, 'it');
        if (Buffer.byteLength(value) <= max) expect(read()).toBe(value);
        else expect(codeOf(read)).toBe('too_large');
      }),
    );
  });
});
