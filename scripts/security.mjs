/**
 * `npm run test:security`: the rows of THREATS, each proven by attack. Options go to vitest, except `--json FILE` (also vitest's
 * report) and `--record` (keep the figures in `test/security/results.json`, from which SECURITY.md is made: then `npm run gen`).
 * The last line is `N passed, N failed, N skipped`; the exit code is 0 only when nothing failed and nothing was skipped.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensure, isMain, ROOT, runScript } from './ensure.mjs';
import { found, say } from './faults.mjs';
import { tally } from './tally.mjs';
import { take } from './test.mjs';

export const RESULTS = 'test/security/results.json';

/** @typedef {{ at: string, node: string, cpus: number, seconds: number, threats: Record<string, Record<string, number | string>> }} Results */

/**
 * Our own options and those that are vitest's.
 * @param {readonly string[]} args
 */
export function readArgs(args) {
  const rest = [...args];
  const keeps = take(rest, '--record', 1).length > 0;
  const [, json] = take(rest, '--json', 2);
  return { keeps, json, vitest: rest };
}

function main() {
  const { keeps, json, vitest } = readArgs(process.argv.slice(2));
  ensure();
  const scratch = mkdtempSync(join(tmpdir(), 'claude-relay-security-'));
  const report = json ?? join(scratch, 'report.json');
  const file = join(scratch, 'figures.jsonl');
  const script = join(ROOT, 'node_modules/vitest/vitest.mjs');
  const config = join(ROOT, 'test/security/vitest.config.ts');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const env = { ...process.env, FAULTS_FIGURES: file };
  const begun = Date.now();
  try {
    const args = [script, 'run', '--config', config, ...reporters, ...vitest];
    const { status, error } = spawnSync(process.execPath, args, { cwd: ROOT, stdio: 'inherit', env });
    if (error) throw error;
    const proven = Object.entries(found(existsSync(file) ? readFileSync(file, 'utf8') : ''));
    proven.sort(([a], [b]) => Number(a.slice(1)) - Number(b.slice(1)));
    const threats = Object.fromEntries(proven.map(([threat, { figures }]) => [threat, figures]));
    for (const [threat, figures] of Object.entries(threats)) say(threat, figures);
    const { passed, failed, skipped, problems } = tally([report, '--run', `vitest=${status}`]);
    for (const problem of problems) process.stdout.write(`${problem}\n`);
    if (keeps && failed + skipped === 0) keep(threats, Math.round((Date.now() - begun) / 1000));
    process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`);
    return failed + skipped > 0 ? 1 : 0;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** @param {Results['threats']} threats @param {number} seconds */
function keep(threats, seconds) {
  const at = new Date().toISOString().slice(0, 10);
  /** @type {Results} */
  const results = { at, node: process.versions.node, cpus: cpus().length, seconds, threats };
  writeFileSync(join(ROOT, RESULTS), `${JSON.stringify(results, undefined, 2)}\n`);
  process.stdout.write(`Kept in ${RESULTS}; \`npm run gen\` writes SECURITY.md from it.\n`);
}

if (isMain(import.meta.url)) await runScript(main);
