import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { outcome } from '../../../scripts/programs/outcome.mjs';
import { tempDir } from '../../support/temp-dir.ts';

interface Case {
  readonly status: string;
  readonly meta?: object;
}

function report(...cases: readonly Case[]): string {
  const path = join(tempDir(), 'report.json');
  const success = cases.every(({ status }) => status !== 'failed');
  const testResults = [{ name: 'a.program.ts', status: success ? 'passed' : 'failed', assertionResults: cases }];
  writeFileSync(path, JSON.stringify({ success, testResults }));
  return path;
}

const facts = [
  { about: 'codex', what: 'tool round, ms', value: 76 },
  { about: 'claude -p', what: 'hosts refused', value: ['a.example', 'b.example'] },
  { about: 'gemini', what: 'hosts refused', value: [] },
];

describe('the outcome of the program tests', () => {
  it('is a table of facts, the reasons of skips, and the sum in the last line', () => {
    const path = report(
      { status: 'passed', meta: { facts: facts.slice(0, 1) } },
      { status: 'passed', meta: { facts: facts.slice(1) } },
      { status: 'skipped', meta: { why: 'copilot: npm failed.' } },
      { status: 'skipped', meta: { why: 'copilot: npm failed.' } },
      { status: 'pending', meta: {} },
    );
    expect(outcome(path, 0)).toEqual({
      facts,
      failed: false,
      lines: [
        'codex      tool round, ms  76',
        'claude -p  hosts refused   a.example, b.example',
        'gemini     hosts refused   none',
        '2 skipped: copilot: npm failed.',
        '1 skipped: not asked for',
        '2 passed, 0 failed, 3 skipped',
      ],
    });
  });

  it('keeps the facts of a test that failed later', () => {
    const result = outcome(report({ status: 'failed', meta: { facts: facts.slice(0, 1) } }), 1);
    expect(result.failed).toBe(true);
    expect(result.facts).toEqual(facts.slice(0, 1));
    expect(result.lines.at(-1)).toBe('0 passed, 1 failed, 0 skipped');
  });

  it('is a failure when nothing ran', () => {
    const result = outcome(report({ status: 'skipped', meta: { why: 'no namespaces' } }), 0);
    expect(result.failed).toBe(true);
    expect(result.lines).toContain('1 skipped: no namespaces');
    expect(result.lines.at(-1)).toBe('0 passed, 1 failed, 1 skipped');
  });

  it('is a failure when there is no report, or when vitest failed after a good one', () => {
    expect(outcome('/nowhere/report.json', 1).failed).toBe(true);
    expect(outcome(report({ status: 'passed' }), 139).failed).toBe(true);
    expect(outcome(report({ status: 'passed' }), 0).failed).toBe(false);
  });
});
