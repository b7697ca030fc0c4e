/**
 * `npm run test:faults`: the promises of GUARANTEES.md, each proven by fault. Options go to vitest, except rows (`R1 R16`: only these), `--long` (the
 * long counts), `--minutes N` (with `--long`: the simulator of R21 plays so long instead of a million schedules, which take half a day),
 * `--json FILE` (vitest's report) and `--record` (keep the figures in `test/faults/results.json`, from which GUARANTEES.md is made: then `npm run gen`).
 * The last line is `N passed, N failed, N skipped`.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensure, isMain, ROOT, runScript } from './ensure.mjs';
import { RESULTS } from './guarantees.mjs';
import { tally } from './tally.mjs';
import { take } from './test.mjs';

/**
 * @typedef {import('./guarantees.mjs').Figures} Figures
 * @typedef {import('./guarantees.mjs').Results} Results
 * @typedef {Pick<import('./guarantees.mjs').Proof, 'file' | 'tests' | 'figures'>} Found
 */

/**
 * Our own options and those that are vitest's.
 * @param {readonly string[]} args
 */
export function readArgs(args) {
  const rest = [...args];
  const isLong = take(rest, '--long', 1).length > 0;
  const keeps = take(rest, '--record', 1).length > 0;
  const [, json] = take(rest, '--json', 2);
  const [, minutes] = take(rest, '--minutes', 2);
  if (minutes !== undefined && !(isLong && Number(minutes) > 0))
    throw new Error('--minutes wants a number above nothing, and --long.');
  return { isLong, keeps, json, minutes, vitest: rest.map((each) => each.replace(/^[Rr](\d+)$/, fileOf)) };
}

/** How the name of its file begins. @param {string} _ @param {string} row */
function fileOf(_, row) {
  return `/r${row.padStart(2, '0')}-`;
}

/**
 * What the tests wrote, by promise; what several wrote of one promise together.
 * @param {string} text JSON lines @returns {Record<string, Found>}
 */
export function found(text) {
  /** @type {Record<string, Found>} */
  const promises = {};
  for (const line of text.split('\n').filter((each) => each !== '')) {
    /** @type {{ promise: string, file: string, test: string, figures: Figures }} */
    const { promise, file, test, figures } = JSON.parse(line);
    const before = promises[promise] ?? { file, tests: [], figures: {} };
    promises[promise] = { file, tests: [...before.tests, test], figures: { ...before.figures, ...figures } };
  }
  return promises;
}

/**
 * What was known, with what this run has found in place of the same.
 * @param {Results} known @param {Record<string, Found>} promises @param {boolean} isLong @param {string} at a date @returns {Results}
 */
export function kept(known, promises, isLong, at) {
  const run = { at, node: process.versions.node, cpus: cpus().length };
  const now = Object.entries(promises).map(([promise, what]) => [promise, { ...run, ...what }]);
  const counts = isLong ? 'long' : 'ci';
  const all = Object.entries({ ...known[counts], ...Object.fromEntries(now) });
  const number = (/** @type {string} */ promise) => Number(promise.slice(1));
  return { ...known, [counts]: Object.fromEntries(all.sort(([a], [b]) => number(a) - number(b))) };
}

function main() {
  const { isLong, keeps, json, minutes = '', vitest } = readArgs(process.argv.slice(2));
  ensure();
  const scratch = mkdtempSync(join(tmpdir(), 'claude-relay-faults-'));
  const [file, report] = [join(scratch, 'figures.jsonl'), json ?? join(scratch, 'report.json')];
  const script = join(ROOT, 'node_modules/vitest/vitest.mjs');
  const reporters = ['default', 'json', join(ROOT, 'scripts/at-once.mjs')].map((each) => `--reporter=${each}`);
  const reports = [...reporters, `--outputFile.json=${report}`];
  const args = [script, 'run', '--config', join(ROOT, 'test/faults/vitest.config.ts'), ...reports, ...vitest];
  const env = { ...process.env, FAULTS: isLong ? 'long' : 'ci', FAULTS_FIGURES: file, FAULTS_MINUTES: minutes };
  try {
    const { status, error } = spawnSync(process.execPath, args, { cwd: ROOT, stdio: 'inherit', env });
    if (error) throw error;
    const promises = found(existsSync(file) ? readFileSync(file, 'utf8') : '');
    for (const [promise, { figures }] of Object.entries(promises)) say(promise, figures);
    if (keeps && status === 0) keep(promises, isLong);
    return conclude(report, status);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** @param {string} promise @param {Figures} figures */
export function say(promise, figures) {
  const words = Object.entries(figures).map(([name, value]) => `${name} ${value}`);
  process.stdout.write(`${promise.padEnd(4)} ${words.join(', ')}\n`);
}

/** @param {Record<string, Found>} promises @param {boolean} isLong */
function keep(promises, isLong) {
  const path = join(ROOT, RESULTS);
  const known = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : { ci: {}, long: {} };
  const results = kept(known, promises, isLong, new Date().toISOString().slice(0, 10));
  writeFileSync(path, `${JSON.stringify(results, undefined, 2)}\n`);
  process.stdout.write(`Kept in ${RESULTS}; \`npm run gen\` writes GUARANTEES.md from it.\n`);
}

/** A test that was skipped has proved nothing, and that is said. @param {string} report @param {number | null} status */
function conclude(report, status) {
  const { passed, failed, skipped, problems } = tally([report, '--run', `vitest=${status}`]);
  for (const problem of problems) process.stdout.write(`${problem}\n`);
  if (skipped > 0) process.stdout.write(`NOT PROVEN HERE: ${skipped} tests were skipped. All run as root on Linux.\n`);
  process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`);
  return failed > 0 ? 1 : 0;
}

if (isMain(import.meta.url)) await runScript(main);
