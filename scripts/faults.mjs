/**
 * `npm run test:faults`: the promises of GUARANTEES.md, each proven by fault. Options go to vitest, except `--long` (the long counts), `--json FILE`
 * (also vitest's report) and `--record` (keep the figures in `test/faults/results.json`, from which GUARANTEES.md is made: then `npm run gen`).
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensure, isMain, ROOT, runScript } from './ensure.mjs';
import { take } from './test.mjs';

export const RESULTS = 'test/faults/results.json';

/**
 * @typedef {{ promise: string, figures: Record<string, number | string> }} Line
 * @typedef {{ at: string, node: string, cpus: number, counts: string, seconds: number, promises: Record<string, Record<string, number | string>> }} Results
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
  const report = json ? ['--reporter=default', '--reporter=json', `--outputFile.json=${json}`] : [];
  return { isLong, keeps, vitest: [...report, ...rest] };
}

/**
 * The figures that the tests wrote, by promise; those of one promise together.
 * @param {string} text JSON lines @returns {Results['promises']}
 */
export function figures(text) {
  /** @type {Results['promises']} */
  const promises = {};
  for (const line of text.split('\n').filter((each) => each !== '')) {
    /** @type {Line} */
    const { promise, figures: found } = JSON.parse(line);
    promises[promise] = { ...promises[promise], ...found };
  }
  return Object.fromEntries(Object.entries(promises).sort(([a], [b]) => number(a) - number(b)));
}

/** @param {string} promise `R12` */
function number(promise) {
  return Number(promise.slice(1));
}

function main() {
  const { isLong, keeps, vitest } = readArgs(process.argv.slice(2));
  ensure();
  const scratch = mkdtempSync(join(tmpdir(), 'claude-relay-faults-'));
  const file = join(scratch, 'figures.jsonl');
  const script = join(ROOT, 'node_modules/vitest/vitest.mjs');
  const env = { ...process.env, FAULTS: isLong ? 'long' : 'ci', FAULTS_FIGURES: file };
  const begun = Date.now();
  try {
    const args = [script, 'run', '--config', join(ROOT, 'test/faults/vitest.config.ts'), ...vitest];
    const { status, error } = spawnSync(process.execPath, args, { cwd: ROOT, stdio: 'inherit', env });
    if (error) throw error;
    const promises = figures(existsSync(file) ? readFileSync(file, 'utf8') : '');
    for (const [promise, found] of Object.entries(promises)) say(promise, found);
    if (keeps && status === 0) keep(promises, isLong, Math.round((Date.now() - begun) / 1000));
    return status ?? 1;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** @param {string} promise @param {Line['figures']} found */
function say(promise, found) {
  const words = Object.entries(found).map(([name, value]) => `${name} ${value}`);
  process.stdout.write(`${promise.padEnd(4)} ${words.join(', ')}\n`);
}

/** @param {Results['promises']} promises @param {boolean} isLong @param {number} seconds */
function keep(promises, isLong, seconds) {
  /** @type {Results} */
  const results = {
    at: new Date().toISOString().slice(0, 10),
    node: process.versions.node,
    cpus: cpus().length,
    counts: isLong ? 'long' : 'ci',
    seconds,
    promises,
  };
  writeFileSync(join(ROOT, RESULTS), `${JSON.stringify(results, undefined, 2)}\n`);
  process.stdout.write(`Kept in ${RESULTS}; \`npm run gen\` writes GUARANTEES.md from it.\n`);
}

if (isMain(import.meta.url)) await runScript(main);
