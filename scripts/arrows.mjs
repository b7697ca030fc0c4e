/** Cruises `src` and says which imports go against an arrow (`.dependency-cruiser.cjs`). */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from './ensure.mjs';

/**
 * @typedef {{ from: string, to: string, rule: { name: string } }} Violation
 * @typedef {{ cruised: number, violations: string[] }} Cruise
 * @typedef {{ modules: { source: string }[], summary: { violations: Violation[] } }} Result
 */

/**
 * The rules are those of this project; `root` is where the `src` lies that they are held against. Each violation reads
 * `rule: from -> to`. Throws when no module was cruised: that would pass for no violation.
 * @param {string} root @returns {Cruise}
 */
export function cruise(root) {
  const script = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const args = ['--config', join(ROOT, '.dependency-cruiser.cjs'), '--output-type', 'json', 'src'];
  const { stdout, stderr, error } = spawnSync(process.execPath, [script, ...args], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
  });
  // Its exit code counts violations and tells no failure apart: what it printed does.
  if (error || !stdout.startsWith('{'))
    throw new Error(`The modules could not be cruised: ${stderr}`, { cause: error });
  /** @type {Result} */
  const { modules, summary } = JSON.parse(stdout);
  const cruised = modules.filter(({ source }) => source.startsWith('src/')).length;
  if (cruised === 0) throw new Error('No module was cruised.');
  const violations = summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`);
  return { cruised, violations: violations.sort() };
}
