/**
 * A reader of unit files written from systemd's manuals, not from our writer: words and quotes (systemd.syntax), specifiers
 * (systemd.unit), variables (systemd.service). Whatever is written must come back as it was.
 */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderSystemd } from '../../src/service/systemd.ts';
import { NASTY_WORDS, unit } from './unit.ts';

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\', '"': '"', "'": "'", n: '\n', t: '\t', s: ' ' };

/** Splits a line into words, with quotes and backslashes taken away. */
function split(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let i = 0; i < line.length; i += 1) {
    const char = line.charAt(i);
    if (char === '\\') {
      i += 1;
      const meant = ESCAPES[line.charAt(i)];
      if (meant === undefined) throw new Error(`an unknown escape in ${line}`);
      word = (word ?? '') + meant;
    } else if (quote !== '') {
      if (char === quote) quote = '';
      else word = (word ?? '') + char;
    } else if (char === '"' || char === "'") {
      quote = char;
      word ??= '';
    } else if (char === ' ') {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + char;
  }
  if (quote !== '') throw new Error(`an open quote in ${line}`);
  return word === undefined ? words : [...words, word];
}

/** `%%` is a percent sign; anything else after one would be replaced by systemd. */
function specifiers(word: string): string {
  return word.replace(/%(.?)/g, (_all, next) => {
    if (next !== '%') throw new Error(`a specifier %${next} in ${word}`);
    return '%';
  });
}

/** `$$` is a dollar; `$x` and `${x}` would be replaced. */
function variables(word: string): string {
  return word.replace(/\$(.?)/g, (_all, next) => {
    if (next !== '$') throw new Error(`a variable $${next} in ${word}`);
    return '$';
  });
}

const values = (text: string, key: string): string[] =>
  text.split('\n').flatMap((line) => (line.startsWith(`${key}=`) ? [line.slice(key.length + 1)] : []));

function execOf(text: string): string[] {
  const [line = ''] = values(text, 'ExecStart');
  const [program = '', ...args] = split(line).map(specifiers);
  return [program, ...args.map(variables)];
}

describe('what is written into a unit file', () => {
  it.each(NASTY_WORDS)('comes back as it was: %j', (word) => {
    const text = renderSystemd(unit({ command: ['/n', word, 'serve', word], environment: { A: word } }));
    expect(execOf(text)).toEqual(['/n', word, 'serve', word]);
    expect(split(values(text, 'Environment')[0] ?? '').map(specifiers)).toEqual([`A=${word}`]);
  });

  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are refused, and tested elsewhere.
  const word = fc.string({ unit: 'binary', maxLength: 30 }).filter((text) => !/[\u0000-\u001f\u007f]/.test(text));

  it('comes back as it was, whatever it is', () => {
    fc.assert(
      fc.property(fc.array(word, { maxLength: 5 }), word, (args, value) => {
        const text = renderSystemd(unit({ command: ['/n', ...args], environment: { A: value } }));
        expect(execOf(text)).toEqual(['/n', ...args]);
        expect(split(values(text, 'Environment')[0] ?? '').map(specifiers)).toEqual([`A=${value}`]);
      }),
      { numRuns: 1_000 },
    );
  });

  it('has one line for each setting: nothing can add another', () => {
    fc.assert(
      fc.property(word, (value) => {
        const text = renderSystemd(unit({ command: ['/n', value], logs: { out: `/l/${value}`, error: '/e' } }));
        expect(text.split('\n')).toHaveLength(renderSystemd(unit()).split('\n').length);
      }),
      { numRuns: 300 },
    );
  });

  it('is read by a reader that can find fault', () => {
    expect(() => split('"open')).toThrow('open quote');
    expect(() => split('"\\q"')).toThrow('unknown escape');
    expect(() => specifiers('%h')).toThrow('specifier');
    expect(() => variables('$HOME')).toThrow('variable');
  });
});
