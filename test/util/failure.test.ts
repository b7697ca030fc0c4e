import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { EXIT, errno, Failure, reason } from '../../src/util/failure.ts';

describe('a failure', () => {
  it.each([
    ['error', 1],
    ['usage', 2],
    ['unreachable', 3],
    ['refused', 4],
    ['nothing', 5],
    ['unsafe', 78],
  ] as const)('of kind %s exits with %i, as documented', (kind, code) => {
    expect(new Failure(kind, 'x').exit).toBe(code);
    expect(EXIT[kind]).toBe(code);
  });

  it('keeps its remedy and its cause', () => {
    const cause = new Error('under it');
    const failure = new Failure('error', 'It broke.', 'Mend it.', cause);
    expect([failure.message, failure.remedy, failure.cause]).toEqual(['It broke.', 'Mend it.', cause]);
    expect('cause' in new Failure('error', 'x')).toBe(false);
  });
});

describe('looking at what was thrown', () => {
  it('finds the code of a system error, and none in anything else', () => {
    let thrown: unknown;
    try {
      readFileSync('/nowhere/at/all');
    } catch (error) {
      thrown = error;
    }
    expect(errno(thrown)).toBe('ENOENT');
    for (const other of [new Error('x'), 'ENOENT', undefined, { code: 'ENOENT' }]) expect(errno(other)).toBeUndefined();
  });

  it('has a text for anything', () => {
    expect(reason(new Error('x'))).toBe('x');
    expect(reason('plain')).toBe('plain');
    expect(reason(undefined)).toBe('undefined');
  });
});
