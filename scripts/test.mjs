/**
 * `npm test`: what a fresh clone needs, then the suite. Options go to vitest, except `--node24` (run under Node 24)
 * and `--json FILE` (also write vitest's report there).
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ensure, isMain, ROOT, runScript } from './ensure.mjs';
import { node24 } from './node24.mjs';

/**
 * Our own options and those that are vitest's.
 * @param {readonly string[]} args
 */
export function readArgs(args) {
  const rest = [...args];
  const on24 = take(rest, '--node24', 1).length > 0;
  const [, json] = take(rest, '--json', 2);
  const report = json ? ['--reporter=default', '--reporter=json', `--outputFile.json=${json}`] : [];
  return { on24, vitest: [...report, ...rest] };
}

/** @param {string[]} from @param {string} option @param {number} count with its values */
export function take(from, option, count) {
  const at = from.indexOf(option);
  if (at < 0) return [];
  if (at + count > from.length) throw new Error(`${option} needs a value.`);
  return from.splice(at, count);
}

function main() {
  const { on24, vitest } = readArgs(process.argv.slice(2));
  ensure();
  const node = on24 ? node24() : process.execPath;
  const script = join(ROOT, 'node_modules/vitest/vitest.mjs');
  const { status, error } = spawnSync(node, [script, 'run', ...vitest], { cwd: ROOT, stdio: 'inherit' });
  if (error) throw error;
  return status ?? 1;
}

if (isMain(import.meta.url)) await runScript(main);
