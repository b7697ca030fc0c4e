import { afterEach, describe, expect, it, vi } from 'vitest';
import AtOnce from '../../scripts/at-once.mjs';

afterEach(() => void vi.restoreAllMocks());

/** What the reporter has said about one test by the time it is told how that ended. */
function said(result: { state: string; errors?: { message: string }[] }): string {
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  new AtOnce().onTestCaseResult({ fullName: 'R16 > 200 damages', result: () => result });
  return write.mock.calls.map(([text]) => String(text)).join('');
}

describe('the reporter of the fault tests', () => {
  it('says what failed and why, each error of it', () => {
    expect(said({ state: 'failed', errors: [{ message: 'expected 2 to be 0' }, { message: 'and more' }] })).toBe(
      'FAILED R16 > 200 damages\nexpected 2 to be 0\nand more\n',
    );
  });

  it.each(['passed', 'skipped', 'pending'])('says nothing of one that is %s', (state) => {
    expect(said({ state })).toBe('');
  });
});
