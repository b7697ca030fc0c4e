/**
 * `npm run test:soak`: half an hour with a fault every five seconds, after which memory, descriptors and timers are what they were, and nothing is lost
 * (`test/soak/relay.soak.ts`). `--minutes 30`, `--every 5` (seconds), `--seed N` (of an earlier run), `--record` (keep the figures in
 * `test/soak/results.json`, from which GUARANTEES.md is made: then `npm run gen`); other options go to vitest.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensure, isMain, ROOT, runScript } from './ensure.mjs';
import { found } from './faults.mjs';
import { SOAK } from './guarantees.mjs';
import { take } from './test.mjs';

/** @typedef {import('./guarantees.mjs').Figures} Figures */

/**
 * Our own options, as the test takes them, and those that are vitest's.
 * @param {readonly string[]} args
 */
export function readArgs(args) {
  const rest = [...args];
  const keeps = take(rest, '--record', 1).length > 0;
  const env = {
    SOAK_MINUTES: positive(rest, '--minutes', 30),
    SOAK_EVERY: positive(rest, '--every', 5),
    FAULTS_SEED: take(rest, '--seed', 2)[1] ?? '',
  };
  return { keeps, env, vitest: rest };
}

/** @param {string[]} from @param {string} option @param {number} usual */
function positive(from, option, usual) {
  const [, value = `${usual}`] = take(from, option, 2);
  if (!(Number(value) > 0)) throw new Error(`${option} wants a number above nothing, and not ${value}.`);
  return value;
}

function main() {
  const { keeps, env, vitest } = readArgs(process.argv.slice(2));
  ensure();
  const scratch = mkdtempSync(join(tmpdir(), 'claude-relay-soak-'));
  const file = join(scratch, 'figures.jsonl');
  const script = join(ROOT, 'node_modules/vitest/vitest.mjs');
  const args = [script, 'run', '--config', join(ROOT, 'test/soak/vitest.config.ts'), ...vitest];
  const options = { cwd: ROOT, stdio: /** @type {const} */ ('inherit') };
  try {
    const { status, error } = spawnSync(process.execPath, args, {
      ...options,
      env: { ...process.env, ...env, FAULTS_FIGURES: file },
    });
    if (error) throw error;
    const { soak } = found(existsSync(file) ? readFileSync(file, 'utf8') : '');
    for (const [name, value] of Object.entries(soak?.figures ?? {}))
      process.stdout.write(`${name.padEnd(45)} ${value}\n`);
    if (keeps && soak && status === 0) keep(soak);
    return status ?? 1;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** @param {ReturnType<typeof found>[string]} soak */
function keep(soak) {
  const at = new Date().toISOString().slice(0, 10);
  const results = { at, node: process.versions.node, cpus: cpus().length, ...soak };
  writeFileSync(join(ROOT, SOAK), `${JSON.stringify(results, undefined, 2)}\n`);
  process.stdout.write(`Kept in ${SOAK}; \`npm run gen\` writes GUARANTEES.md from it.\n`);
}

if (isMain(import.meta.url)) await runScript(main);
