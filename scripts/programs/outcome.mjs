/** What a run of the program tests comes to: the facts that were measured, why something was skipped, and the sum. */
import { readFileSync } from 'node:fs';
import { tally } from '../tally.mjs';

/**
 * @typedef {string | number | readonly string[]} FactValue
 * @typedef {{ about: string, what: string, value: FactValue }} Fact
 * @typedef {{ status: string, meta?: { facts?: Fact[], why?: string } }} Case what `test/programs/facts.ts` and `program.ts` leave in a test's report
 * @typedef {{ facts: Fact[], lines: string[], failed: boolean }} Outcome
 */

/**
 * @param {string} report path of vitest's JSON report
 * @param {number} code that vitest ended with
 * @returns {Outcome}
 */
export function outcome(report, code) {
  const cases = casesOf(report);
  const facts = cases.flatMap(({ meta }) => meta?.facts ?? []);
  const { passed, failed, skipped, problems } = tally([report, '--run', `vitest=${code}`]);
  const lines = [
    ...table(facts),
    ...problems,
    ...reasons(cases),
    `${passed} passed, ${failed} failed, ${skipped} skipped`,
  ];
  return { facts, lines, failed: failed > 0 };
}

/** @param {string} report @returns {Case[]} none when there is no report; `tally` counts that */
function casesOf(report) {
  try {
    /** @type {{ testResults: { assertionResults: Case[] }[] }} */
    const { testResults } = JSON.parse(readFileSync(report, 'utf8'));
    return testResults.flatMap(({ assertionResults }) => assertionResults);
  } catch {
    return [];
  }
}

/** One line a fact, in columns. @param {readonly Fact[]} facts */
function table(facts) {
  const rows = facts.map(({ about, what, value }) => [about, what, shown(value)]);
  const width = (/** @type {number} */ column) => Math.max(0, ...rows.map((row) => (row[column] ?? '').length));
  const [first, second] = [width(0), width(1)];
  return rows.map(([about = '', what = '', value]) => `${about.padEnd(first)}  ${what.padEnd(second)}  ${value}`);
}

/** @param {FactValue} value */
function shown(value) {
  if (typeof value === 'object') return value.join(', ') || 'none';
  return String(value);
}

/** @param {readonly Case[]} cases */
function reasons(cases) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { status, meta } of cases) {
    if (status === 'passed' || status === 'failed') continue;
    const why = meta?.why ?? 'not asked for';
    counts.set(why, (counts.get(why) ?? 0) + 1);
  }
  return [...counts].map(([why, count]) => `${count} skipped: ${why}`);
}
