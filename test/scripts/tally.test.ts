import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../../scripts/ensure.mjs';
import { tally } from '../../scripts/tally.mjs';
import { tempDir } from '../support/temp-dir.ts';

interface FileOfTests {
  readonly status?: string;
  readonly message?: string;
  readonly cases?: readonly string[];
}

function report(files: readonly FileOfTests[], success?: boolean): string {
  const testResults = files.map(({ status, message, cases = [] }, n) => ({
    name: `test/${n}.test.ts`,
    status: status ?? (cases.includes('failed') ? 'failed' : 'passed'),
    message: message ?? '',
    assertionResults: cases.map((each) => ({
      status: each,
      fullName: `it is ${each}`,
      failureMessages:
        each === 'failed' ? ['Error: one was expected\nand none came\n    at test/0.test.ts:1:1', 'again'] : [],
    })),
  }));
  const path = join(tempDir(), 'report.json');
  writeFileSync(
    path,
    JSON.stringify({ success: success ?? testResults.every((file) => file.status === 'passed'), testResults }),
  );
  return path;
}

const GOOD: readonly FileOfTests[] = [
  { cases: ['passed', 'passed', 'skipped'] },
  { cases: ['passed', 'todo', 'pending'] },
];

describe('the tally', () => {
  it('sums what passed, failed and was skipped', () => {
    expect(tally([report(GOOD)])).toEqual({ passed: 3, failed: 0, skipped: 3, problems: [] });
  });

  it('sums over several runs', () => {
    const failing = report([{ cases: ['passed', 'failed'] }]);
    expect(tally([report(GOOD), failing])).toMatchObject({ passed: 4, failed: 1, skipped: 3 });
  });

  const failures: readonly [what: string, args: () => string[], problem: RegExp][] = [
    [
      'a file that did not load',
      () => [report([...GOOD, { status: 'failed', message: 'no such module' }])],
      /2\.test\.ts failed: no such module/,
    ],
    ['an error outside the tests', () => [report(GOOD, false)], /failed outside its tests/],
    ['a report that is not there', () => [report(GOOD), '/nowhere/report.json'], /is no report/],
    ['a report that is something else', () => [report(GOOD), join(ROOT, 'package.json')], /is no report/],
    ['a second run in which nothing ran', () => [report(GOOD), report([])], /has no test that ran/],
    [
      'a run in which everything was skipped',
      () => [report(GOOD), report([{ cases: ['skipped'] }])],
      /has no test that ran/,
    ],
    ['another command that failed', () => [report(GOOD), '--exit', 'npm run check=1'], /npm run check ended with 1/],
    ['a command whose code is not known', () => [report(GOOD), '--exit', 'npm run check='], /ended with no exit code/],
    ['a run that failed after good reports', () => [report(GOOD), '--run', 'npm test=137'], /npm test ended with 137/],
  ];
  it.each(failures)('counts %s as one failure', (_what, args, problem) => {
    const { failed, problems } = tally(args());
    expect(failed).toBe(1);
    expect(problems).toEqual([expect.stringMatching(problem)]);
  });

  it('counts a run without any test as a failure', () => {
    expect(tally([]).problems).toEqual(['No test ran.']);
  });

  it('does not count the same failure twice', () => {
    expect(tally([report([{ cases: ['failed'] }]), '--run', 'npm test=1']).failed).toBe(1);
  });

  it('takes a code of 0 for what it is', () => {
    expect(tally([report(GOOD), '--run', 'npm test=0', '--exit', 'npm run check=0']).failed).toBe(0);
  });
});

describe('the last line', () => {
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [join(ROOT, 'scripts/tally.mjs'), ...args], { encoding: 'utf8' });

  it('is the sum, with exit code 0 when nothing failed', () => {
    const { stdout, status } = run(report(GOOD));
    expect([stdout, status]).toEqual(['3 passed, 0 failed, 3 skipped\n', 0]);
  });

  it('comes after the problems, with exit code 1', () => {
    const { stdout, status } = run(report(GOOD), '--exit', 'npm run check=2');
    expect([stdout, status]).toEqual(['npm run check ended with 2.\n3 passed, 1 failed, 3 skipped\n', 1]);
  });

  it('comes after the names of the tests that failed, and the beginning of what they said', () => {
    const { stdout } = run(report([{ cases: ['passed', 'failed'] }]), '--run', 'npm test=1');
    expect(stdout).toBe(
      'FAILED test/0.test.ts: it is failed\n  Error: one was expected\nand none came\n1 passed, 1 failed, 0 skipped\n',
    );
  });

  it('fails when there is nothing to count', () => {
    const { stdout, status } = run();
    expect([stdout, status]).toEqual(['No test ran.\n0 passed, 1 failed, 0 skipped\n', 1]);
  });
});
