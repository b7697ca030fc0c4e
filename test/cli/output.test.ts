import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exitOf, type Output, type Style } from '../../src/cli/output.ts';
import { type Code, RelayError } from '../../src/protocol/codes.ts';
import { Failure } from '../../src/util/failure.ts';
import { textOutput } from '../support/command-line.ts';

const EVIL = 'a\u001b[2J\u202e\u200b\rb';
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this is about.
const HARMFUL = /[\u001b\u202e\u200b\r]/;
const HARMLESS = 'a␛[2J<202e>␍b';

describe('whatever is printed', () => {
  it('is made harmless, at every way out', () => {
    const { out, stdout, stderr } = textOutput();
    out.line(EVIL);
    out.block(EVIL);
    out.pieces([{ text: EVIL }, { text: '!' }]);
    out.table([], [[EVIL, { text: EVIL, style: 'red' }]]);
    expect(stdout.text).toBe(`${HARMLESS}\n${HARMLESS}\n${HARMLESS}!\n${HARMLESS}  ${HARMLESS}\n`);
    out.say(EVIL);
    out.warn(EVIL);
    out.fail(new Failure('error', EVIL, EVIL));
    out.fail(new Error(EVIL));
    expect(stderr.text.replaceAll(HARMLESS, '')).not.toMatch(HARMFUL);
  });

  it('may have several lines only where they are meant', () => {
    const { out, stdout } = textOutput();
    out.line('a\nb');
    out.block('a\n\tb');
    out.block('c\n');
    expect(stdout.text).toBe('a␊b\na\n\tb\nc\n');
  });

  it('is harmless as JSON, and says the same', () => {
    const { out, stdout } = textOutput({ json: true });
    out.json({ text: EVIL });
    expect(stdout.text).not.toMatch(HARMFUL);
    expect(JSON.parse(stdout.text)).toEqual({ text: EVIL });
    expect([out.isJson, textOutput().out.isJson]).toEqual([true, false]);
  });

  it('is left alone where another program reads it', () => {
    const { out, stdout } = textOutput();
    out.raw('\u001b');
    expect(stdout.text).toBe('\u001b');
  });
});

describe('colours', () => {
  it.each(['bold', 'dim', 'red', 'green', 'yellow', 'cyan'] as const)('are there on a terminal: %s', (style: Style) => {
    const { out, stdout } = textOutput({ tty: true });
    out.line('text', style);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control characters.
    expect(stdout.text).toMatch(/^\u001b\[\d+mtext\u001b\[\d+m\n$/);
  });

  it.each([
    ['not into a file', { tty: false }],
    ['not when they are not wanted', { tty: true, noColor: true }],
  ])('%s', (_when, options) => {
    const { out, stdout, stderr } = textOutput(options);
    out.line('text', 'red');
    out.table(['head'], [[{ text: 'cell', style: 'green' }]]);
    out.warn('talk');
    out.fail(new Error('x'));
    expect(stdout.text + stderr.text).not.toContain('\u001b');
  });
});

describe('a table', () => {
  it('has columns as wide as their widest cell, and no spaces at the ends of lines', () => {
    const { out, stdout } = textOutput();
    out.table(
      ['name', 'state', 'where'],
      [
        ['CC-1', 'here', '/a'],
        ['LONGER-NAME', '', ''],
        ['你好', 'x', '/b'],
      ],
    );
    expect(stdout.text.split('\n')).toEqual([
      'name         state  where',
      'CC-1         here   /a',
      'LONGER-NAME',
      '你好         x      /b',
      '',
    ]);
  });

  it('is as wide with colours as without', () => {
    const rows = [
      [{ text: 'a', style: 'red' as const }, 'b'],
      ['long', 'c'],
    ];
    const plain = textOutput();
    const coloured = textOutput({ tty: true });
    plain.out.table(['x', 'y'], rows);
    coloured.out.table(['x', 'y'], rows);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control characters.
    expect(coloured.stdout.text.replace(/\u001b\[\d+m/g, '')).toBe(plain.stdout.text);
  });

  it('without rows is its head, without head its rows, without both nothing', () => {
    const { out, stdout } = textOutput();
    out.table(['a', 'b'], []);
    out.table([], [['c']]);
    out.table([], []);
    expect(stdout.text).toBe('a  b\nc\n');
  });
});

describe('an error', () => {
  it('is one sentence and what to do next, on stderr', () => {
    const { out, stdout, stderr } = textOutput();
    expect(out.fail(new Failure('unsafe', 'It is open.', 'chmod 700 x'))).toBe(78);
    expect([stdout.text, stderr.text]).toEqual(['', 'claude-relay: It is open.\n  chmod 700 x\n']);
  });

  it('of the relay is its own sentence', () => {
    const { out, stderr } = textOutput();
    expect(out.fail(new RelayError('inbox_full'))).toBe(4);
    expect(stderr.text).toBe('claude-relay: The inbox of the recipient is full.\n');
  });

  it.each([
    [new Failure('error', 'x'), 1],
    [new Failure('usage', 'x'), 2],
    [new Failure('unreachable', 'x'), 3],
    [new Failure('nothing', 'x'), 5],
    [new Error('x'), 1],
    ['thrown text', 1],
    [undefined, 1],
  ])('%s has the exit code %i', (error, code) => {
    expect(exitOf(error)).toBe(code);
  });

  it.each([
    ['not_connected', 3],
    ['timeout', 3],
    ['shutting_down', 3],
    ['silent', 3],
    ['unauthorized', 4],
    ['unknown_recipient', 4],
    ['name_taken', 4],
    ['bad_request', 4],
    ['internal', 4],
  ] as ReadonlyArray<[Code, number]>)('with the code %s has the exit code %i', (code, exit) => {
    expect(exitOf(new RelayError(code))).toBe(exit);
  });
});

it('knows its terminal', () => {
  expect([textOutput({ tty: true }).out.isTerminal, textOutput().out.isTerminal, textOutput().out.columns]).toEqual([
    true,
    false,
    100,
  ]);
});

describe('whatever others send', () => {
  /** Each way to a terminal or a file, with one text from others. */
  const SINKS: ReadonlyArray<readonly [string, (out: Output, text: string) => unknown]> = [
    ['line', (out, text) => out.line(text)],
    ['line in a colour', (out, text) => out.line(text, 'red')],
    ['block', (out, text) => out.block(text)],
    ['pieces', (out, text) => out.pieces([{ text }, { text, style: 'dim' }])],
    ['table', (out, text) => out.table(['a', 'b'], [[text, { text, style: 'bold' }]])],
    ['json', (out, text) => out.json({ [text]: [text] })],
    ['say', (out, text) => out.say(text)],
    ['warn', (out, text) => out.warn(text)],
    ['a failure', (out, text) => out.fail(new Failure('error', text, text))],
    ['an error of the relay', (out, text) => out.fail(new RelayError('internal', text))],
    ['any other error', (out, text) => out.fail(new Error(text))],
  ];

  const evil = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc
      .array(
        fc.constantFrom(
          '\u001b',
          '[',
          '31',
          'm',
          '2J',
          ']0;',
          '\u0007',
          '\u009b',
          '\r',
          '\n',
          '\b',
          '\u202e',
          '\u200b',
          'x',
        ),
      )
      .map((parts) => parts.join('')),
  );
  const FORBIDDEN = /[\p{Cc}\p{Cs}\u2028-\u202e\u2066-\u2069]/u;

  it.each(SINKS)('%s prints no control characters but newline and tab', (_name, print) => {
    fc.assert(
      fc.property(evil, (text) => {
        const { out, stdout, stderr } = textOutput();
        print(out, text);
        return !FORBIDDEN.test((stdout.text + stderr.text).replace(/[\n\t]/g, ''));
      }),
      { numRuns: 500 },
    );
  });

  it.each(SINKS.filter(([name]) => name !== 'block'))('%s prints as many lines as for a plain word', (_name, print) => {
    const lines = (text: string) => {
      const { out, stdout, stderr } = textOutput();
      print(out, text);
      return (stdout.text + stderr.text).split('\n').length;
    };
    fc.assert(
      fc.property(evil, (text) => lines(text) === lines('word')),
      { numRuns: 300 },
    );
  });
});
