import { describe, expect, it } from 'vitest';
import { readArgs } from '../../scripts/soak.mjs';

describe('the options of the soak', () => {
  it.each([
    [[], false, { SOAK_MINUTES: '30', SOAK_EVERY: '5', FAULTS_SEED: '' }, []],
    [
      ['--minutes', '2.5', '--every', '3', '--seed', '7', '--record', '--bail', '1'],
      true,
      { SOAK_MINUTES: '2.5', SOAK_EVERY: '3', FAULTS_SEED: '7' },
      ['--bail', '1'],
    ],
  ])('%j', (args, keeps, env, vitest) => {
    expect(readArgs(args)).toEqual({ keeps, env, vitest });
  });

  it('are refused when they name no time', () => {
    expect(() => readArgs(['--minutes', 'many'])).toThrow('--minutes wants a number above nothing, and not many.');
    expect(() => readArgs(['--every', '0'])).toThrow('--every wants a number above nothing, and not 0.');
  });
});
