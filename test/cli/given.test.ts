import { describe, expect, it } from 'vitest';
import { Given } from '../../src/cli/given.ts';

const given = new Given([
  ['to', 'CC-2'],
  ['message', ['two', 'words']],
  ['--wait', '1.5'],
  ['--count', '10'],
  ['--bad', 'ten\u001b'],
  ['--urgent', true],
  ['--empty', undefined],
]);

describe('what was given', () => {
  it('is text, a list, or a switch', () => {
    expect([given.text('to'), given.text('message'), given.text('--urgent'), given.text('--empty')]).toEqual([
      'CC-2',
      undefined,
      undefined,
      undefined,
    ]);
    expect([given.list('message'), given.list('to'), given.list('--empty'), given.list('--urgent')]).toEqual([
      ['two', 'words'],
      ['CC-2'],
      [],
      [],
    ]);
    expect([given.has('--urgent'), given.has('--empty'), given.has('to')]).toEqual([true, false, false]);
  });

  it('is missed when it is required', () => {
    expect(given.required('to')).toBe('CC-2');
    expect(() => given.required('--empty')).toThrow('--empty is missing.');
  });
});

describe('a number', () => {
  const range = { min: 1, max: 20 };

  it('is read, with its fraction where that may be', () => {
    expect([given.number('--wait', range), given.integer('--count', range), given.number('--empty', range)]).toEqual([
      1.5,
      10,
      undefined,
    ]);
  });

  it.each([
    [() => given.number('--bad', range), '--bad must be a number from 1 to 20, not "ten\\u001b".'],
    [() => given.number('--count', { min: 11, max: 20 }), '--count must be a number from 11 to 20, not "10".'],
    [() => given.number('--count', { min: 0, max: 9 }), 'from 0 to 9'],
    [() => given.integer('--wait', range), '--wait must be a whole number, not 1.5.'],
  ])('that does not fit is refused (%#)', (read, sentence) => {
    expect(read).toThrow(sentence);
  });

  it.each(['-1', '1e3', '0x10', ' 5', '5 ', '', '١', 'Infinity', 'NaN', '1.'])('is not %j', (text) => {
    expect(() => new Given([['n', text]]).number('n', { min: -10, max: 10_000 })).toThrow('must be a number');
  });
});
