import fc from 'fast-check';
import { parse } from 'smol-toml';
import { describe, expect, it } from 'vitest';
import { expressions, sections, tomlKey, tomlValue } from '../../../src/agents/edit/toml-text.ts';
import { anyToml } from './any-toml.ts';

describe('expressions', () => {
  it.each([
    ['a = 1 # c', ['a = 1']],
    ['a = "# no"\r\nb = 2\r\n', ['a = "# no"', 'b = 2']],
    ['a = [\n 1, # x\n [2],\n]\n[t]', ['a = [\n 1, # x\n [2],\n]', '[t]']],
    ['a = """\n[t]\n\\""" """\nb = 1', ['a = """\n[t]\n\\""" """', 'b = 1']],
    ["a = '''\n[t] '' '''''\nb = 1", ["a = '''\n[t] '' '''''", 'b = 1']],
    ['a = "\\"" # "\nb = \'\\\'', ['a = "\\""', "b = '\\'"]],
    ['[ a . "b]" ] # c\n[[ d ]]\n', ['[ a . "b]" ]', '[[ d ]]']],
    ['', []],
    ['# only\n\n', []],
  ])('of %j', (text, expected) => {
    expect(expressions(text).map(({ start, end }) => text.slice(start, end))).toEqual(expected);
  });

  it('read one by one say what the document says', () => {
    fc.assert(
      fc.property(anyToml, (text) => {
        const parts = expressions(text).map(({ start, end }) => text.slice(start, end));
        expect(parse(parts.join('\n'))).toEqual(parse(text));
      }),
      { numRuns: 300 },
    );
  });
});

describe('sections', () => {
  it('have a path, an end, and their pairs', () => {
    const text = 'x = 1\n[a."b.c"] # h\ny = 1\n\n# c\n[[d]]\n';
    const found = sections(text).map(({ path, isArray, start, end, pairs }) => ({
      path,
      isArray,
      text: text.slice(start, end),
      pairs: pairs.length,
    }));
    expect(found).toEqual([
      { path: ['a', 'b.c'], isArray: false, text: '[a."b.c"] # h\ny = 1', pairs: 1 },
      { path: ['d'], isArray: true, text: '[[d]]', pairs: 0 },
    ]);
  });
});

describe('tomlValue', () => {
  it('writes what the parser reads back', () => {
    const text = fc.string({ unit: 'grapheme' }).filter((each) => !each.includes('\u007f'));
    const value = fc.oneof(
      text,
      fc.integer(),
      fc.boolean(),
      fc.array(text),
      fc.dictionary(text, text, { noNullPrototype: true }),
    );
    fc.assert(
      fc.property(value, (each) => {
        expect(parse(`x = ${tomlValue(each)}`)).toEqual({ x: each });
      }),
    );
  });

  it('quotes a name only when it must', () => {
    expect([tomlKey('a-b_1'), tomlKey('a b'), tomlKey('')]).toEqual(['a-b_1', '"a b"', '""']);
  });
});
