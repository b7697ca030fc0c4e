import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../../scripts/ensure.mjs';
import { tempDir } from '../support/temp-dir.ts';

/** What each of the five commands does; the report that a run of tests leaves, or none. */
interface Rehearsal {
  readonly suite?: { readonly code: number; readonly report?: object };
  readonly suite24?: { readonly code: number; readonly report?: object };
  readonly faults?: { readonly code: number; readonly report?: object };
  readonly security?: { readonly code: number; readonly report?: object };
  readonly check?: { readonly code: number };
}

const GOOD = {
  success: true,
  testResults: [
    { name: 'a.test.ts', status: 'passed', assertionResults: [{ status: 'passed' }, { status: 'skipped' }] },
  ],
};
const BAD = {
  success: false,
  testResults: [
    { name: 'a.test.ts', status: 'failed', assertionResults: [{ status: 'failed' }, { status: 'passed' }] },
  ],
};

/** Stands for npm: looks its command up in the rehearsal, copies the report and ends with the code. */
const NPM = `#!/usr/bin/env node
const { readFileSync, writeFileSync } = require('node:fs');
const args = process.argv.slice(2);
const plan = JSON.parse(readFileSync(__dirname + '/plan.json', 'utf8'));
const steps = { check: plan.check, 'test:faults': plan.faults, 'test:security': plan.security };
const step = steps[args[1]] ?? (args.includes('--node24') ? plan.suite24 : plan.suite);
const at = args.indexOf('--json');
if (at >= 0 && step.report) writeFileSync(args[at + 1], JSON.stringify(step.report));
if (readFileSync(0).length > 0) process.exit(99);
process.exit(step.code);
`;

function rehearse(plan: Rehearsal): { lastLine: string | undefined; status: number | null } {
  const root = tempDir();
  const bin = join(root, 'bin');
  mkdirSync(bin);
  cpSync(join(ROOT, '.ci'), join(root, '.ci'), { recursive: true });
  for (const name of ['tally.mjs', 'ensure.mjs', 'apt-packages.txt'])
    cpSync(join(ROOT, 'scripts', name), join(root, 'scripts', name));
  const good = { code: 0, report: GOOD };
  writeFileSync(
    join(bin, 'plan.json'),
    JSON.stringify({ suite: good, suite24: good, faults: good, security: good, check: { code: 0 }, ...plan }),
  );
  writeFileSync(join(bin, 'npm'), NPM);
  chmodSync(join(bin, 'npm'), 0o755);
  const { stdout, status } = spawnSync(join(root, '.ci/run'), [], {
    cwd: tempDir(),
    encoding: 'utf8',
    input: 'not for anybody',
    env: { ...process.env, PATH: `${bin}${delimiter}${process.env['PATH']}` },
  });
  return { lastLine: stdout.trimEnd().split('\n').at(-1), status };
}

describe('.ci/run', () => {
  const cases: readonly [what: string, plan: Rehearsal, lastLine: string, status: number][] = [
    ['sums all runs when all is well', {}, '4 passed, 0 failed, 4 skipped', 0],
    ['fails when a test does', { suite: { code: 1, report: BAD } }, '4 passed, 1 failed, 3 skipped', 1],
    [
      'fails when a test does on Node 24 only',
      { suite24: { code: 1, report: BAD } },
      '4 passed, 1 failed, 3 skipped',
      1,
    ],
    ['fails when a promise is broken', { faults: { code: 1, report: BAD } }, '4 passed, 1 failed, 3 skipped', 1],
    ['fails when an attack comes through', { security: { code: 1, report: BAD } }, '4 passed, 1 failed, 3 skipped', 1],
    ['fails when the checks do', { check: { code: 1 } }, '4 passed, 1 failed, 4 skipped', 1],
    ['fails when a run left no report', { suite24: { code: 1 } }, '3 passed, 1 failed, 3 skipped', 1],
    [
      'fails when a run left no report and says that all is well',
      { suite: { code: 0 } },
      '3 passed, 1 failed, 3 skipped',
      1,
    ],
    [
      'fails when a run broke after its report',
      { suite: { code: 134, report: GOOD } },
      '4 passed, 1 failed, 4 skipped',
      1,
    ],
    [
      'fails when no test ran at all',
      {
        suite: { code: 0, report: { success: true, testResults: [] } },
        suite24: { code: 0, report: { success: true, testResults: [] } },
      },
      '2 passed, 2 failed, 2 skipped',
      1,
    ],
  ];
  it.each(cases)('%s', (_what, plan, lastLine, status) => {
    expect(rehearse(plan)).toEqual({ lastLine, status });
  });
});
