import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escapeUnseen, safeJson, safeText, safeTexts, textWidth } from '../../src/util/safe-text.ts';

/** What is sent, what is shown on one line. */
const NASTY: ReadonlyArray<readonly [what: string, text: string, shown: string]> = [
  ['plain text', 'Hello, world: 100 % ok?', 'Hello, world: 100 % ok?'],
  ['other writings', 'Grüße, 你好, שלום, مرحبا, Ωμέγα', 'Grüße, 你好, שלום, مرحبا, Ωμέγα'],
  ['nothing', '', ''],
  ['colours', 'a\u001b[1;31mred\u001b[0m b', 'ared b'],
  ['24-bit colours', '\u001b[38:2::255:0:0mx\u001b[m', 'x'],
  ['colours by the one-character introducer', '\u009b31mx', 'x'],
  ['hidden text', '\u001b[8mhidden\u001b[28m', 'hidden'],
  ['clearing the screen', '\u001b[2J\u001b[H', '␛[2J␛[H'],
  ['cursor up and overwrite', 'ok\u001b[1A\u001b[2Kfake', 'ok␛[1A␛[2Kfake'],
  ['a window title', '\u001b]0;owned\u0007', '␛]0;owned␇'],
  ['a clipboard write', '\u001b]52;c;ZXZpbA==\u001b\\', '␛]52;c;ZXZpbA==␛\\'],
  ['a link that lies', '\u001b]8;;http://evil\u001b\\good\u001b]8;;\u001b\\', '␛]8;;http://evil␛\\good␛]8;;␛\\'],
  ['a device control string', '\u001bP$q"p\u001b\\', '␛P$q"p␛\\'],
  ['asking the terminal to answer', '\u001b[6n\u001b[c\u001bZ', '␛[6n␛[c␛Z'],
  ['a reset', '\u001bc', '␛c'],
  ['an escape inside an escape', '\u001b[\u001b[31mm', '␛[m'],
  ['an escape at the end', 'x\u001b', 'x␛'],
  ['one-character controls of C1', '\u0080\u0085\u0090\u009b\u009d\u009f', '<80><85><90><9b><9d><9f>'],
  ['a carriage return that overwrites', 'real\rfake', 'real␍fake'],
  ['backspaces', 'safe\b\b\b\bevil', 'safe␈␈␈␈evil'],
  ['NUL, bell, delete', 'a\u0000b\u0007c\u007fd', 'a␀b␇c␡d'],
  ['shift out and in', '\u000ex\u000f', '␎x␏'],
  ['form feed and vertical tab', 'a\fb\vc', 'a␌b␋c'],
  ['a newline in a name', 'CC-1\nCC-2', 'CC-1␊CC-2'],
  ['a Windows line end', 'a\r\nb', 'a␊b'],
  ['a tab in a name', 'a\tb', 'a␉b'],
  ['line and paragraph separators', 'a\u2028b\u2029c', 'a␤b␤c'],
  ['right-to-left override', 'invoice\u202efdp.exe', 'invoice<202e>fdp.exe'],
  [
    'all overrides and isolates',
    '\u202a\u202b\u202c\u202d\u2066\u2067\u2068\u2069',
    '<202a><202b><202c><202d><2066><2067><2068><2069>',
  ],
  ['direction marks', 'a\u200eb\u200fc\u061cd', 'a<200e>b<200f>c<61c>d'],
  ['zero-width characters', 'C\u200bC\u200c-\u200d1\u2060\ufeff', 'CC-1'],
  ['a soft hyphen', 'ad\u00admin', 'admin'],
  ['the grapheme joiner', 'a\u034fb', 'ab'],
  ['invisible letters', 'a\u115f\u1160\u3164\uffa0b', 'ab'],
  ['invisible operators', 'a\u2061\u2062\u2063\u2064b', 'ab'],
  ['deprecated format characters', 'a\u206a\u206fb', 'ab'],
  ['Mongolian selectors', 'a\u180b\u180eb', 'ab'],
  ['interlinear annotation', 'a\ufff9b\ufffac\ufffbd', 'abcd'],
  ['tag characters that spell ASCII', `hi${String.fromCodePoint(0xe0001, 0xe0068, 0xe0069, 0xe007f)}`, 'hi'],
  ['the supplement of selectors', `a${String.fromCodePoint(0xe0100, 0xe01ef)}b`, 'ab'],
  ['selectors that carry data', 'a\ufe00\ufe01\ufe02\ufe0db', 'ab'],
  ['a run of the two selectors that stay', '✔\ufe0f\ufe0e\ufe0f\ufe0e', '✔\ufe0f'],
  ['an emoji with its selector', '❤\ufe0f', '❤\ufe0f'],
  ['musical invisibles', `a${String.fromCodePoint(0x1d173, 0x1d17a)}b`, 'ab'],
  ['a lone high surrogate', 'a\ud800b', 'a\ufffdb'],
  ['a lone low surrogate', '\udc00', '\ufffd'],
  ['a pile of marks', `e${'\u0301'.repeat(50)}`, `e${'\u0301'.repeat(8)}`],
  ['a letter with its marks', 'ệ', 'ệ'],
];

describe('text from others on one line', () => {
  it.each(NASTY)('%s', (_what, text, shown) => {
    expect(safeText(text)).toBe(shown);
  });

  it.each(NASTY)('%s: shown twice is shown the same', (_what, text) => {
    expect(safeText(safeText(text))).toBe(safeText(text));
  });
});

describe('text from others on several lines', () => {
  it('keeps newline and tab, nothing else', () => {
    expect(safeText('a\tb\nc\r\nd\re\u001b[2Jf', { multiline: true })).toBe('a\tb\nc\nd␍e␛[2Jf');
  });

  it('does not take other separators for lines', () => {
    expect(safeText('a\u2028b\u0085c\vd', { multiline: true })).toBe('a␤b<85>c␋d');
  });
});

describe('a cut', () => {
  it.each([
    ['abc', 3, 'abc'],
    ['abcd', 3, 'ab…'],
    ['🎉🎉🎉', 3, '🎉🎉🎉'],
    ['🎉🎉🎉🎉', 3, '🎉🎉…'],
    ['abc', 1, '…'],
  ])('of %j after %i characters gives %j', (text, max, shown) => {
    expect(safeText(text, { max })).toBe(shown);
  });
});

/** Everything that a terminal acts on or an eye misses. */
const FORBIDDEN =
  /[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]|(?![\ufe0e\ufe0f])\p{Default_Ignorable_Code_Point}/u;

const anyText = fc.string({ unit: 'binary', maxLength: 80 });
const evilText = fc
  .array(fc.constantFrom(...NASTY.map(([, text]) => text), '\u001b', '[', '31', 'm', '\u009b', ';', '\ud83d', '\udc00'))
  .map((parts) => parts.join(''));

describe('whatever is sent', () => {
  it('nothing forbidden is shown', () => {
    fc.assert(
      fc.property(fc.oneof(anyText, evilText), (text) => !FORBIDDEN.test(safeText(text))),
      { numRuns: 2_000 },
    );
  });

  it('only newline and tab are shown of the forbidden on several lines', () => {
    fc.assert(
      fc.property(fc.oneof(anyText, evilText), (text) => {
        return !FORBIDDEN.test(safeText(text, { multiline: true }).replace(/[\n\t]/g, ''));
      }),
      { numRuns: 2_000 },
    );
  });

  it('JSON says the same, and holds nothing forbidden', () => {
    fc.assert(
      fc.property(fc.oneof(anyText, evilText), (text) => {
        const json = safeJson({ text });
        expect(JSON.parse(json)).toEqual({ text });
        return !/[^\n]/u.test(
          json.replace(/[^\p{Cc}\p{Cs}\u2028-\u202e\u2066-\u2069\p{Default_Ignorable_Code_Point}]/gu, ''),
        );
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('JSON', () => {
  it('may be indented, and nothing at all is null', () => {
    expect(safeJson({ a: ['\u202e'] }, 2)).toBe('{\n  "a": [\n    "\\u202e"\n  ]\n}');
    expect(safeJson(undefined)).toBe('null');
  });

  it('writes pairs as pairs of escapes', () => {
    expect(safeJson(String.fromCodePoint(0xe0041))).toBe('"\\udb40\\udc41"');
  });
});

describe('a value with texts in it', () => {
  it('is the same value, with each of them made safe', () => {
    const value = { a: 'x\u001b[31m\ny\u202e', list: ['\u200bz', 5, null, true], deep: { b: undefined, c: ['\r'] } };
    expect(safeTexts(value)).toEqual({
      a: 'x\ny<202e>',
      list: ['z', 5, null, true],
      deep: { b: undefined, c: ['␍'] },
    });
  });

  it('may be a text, or nothing', () => {
    expect(safeTexts('\u0007')).toBe('␇');
    expect(safeTexts(null)).toBeNull();
  });
});

describe('JSON of somebody else', () => {
  it('says the same, with what nobody sees written out', () => {
    const json = JSON.stringify({ a: '\u202e\u009b\u{e0041} ok' });
    expect(escapeUnseen(json)).toBe(String.raw`{"a":"\u202e\u009b\udb40\udc41 ok"}`);
    expect(JSON.parse(escapeUnseen(json))).toEqual(JSON.parse(json));
  });
});

describe('the width of text', () => {
  it.each([
    ['', 0],
    ['abc', 3],
    ['你好', 4],
    ['🎉', 2],
    ['❤\ufe0f', 1],
    ['e\u0301', 1],
    ['한글', 4],
    ['Ａ', 2],
    ['✓', 1],
  ])('of %j is %i', (text, width) => {
    expect(textWidth(text)).toBe(width);
  });
});
