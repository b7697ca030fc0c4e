/**
 * `npm run check`: all that can be said about the code without running it. Goes through every step even after one has
 * failed; names as arguments run only those.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { cruise } from './arrows.mjs';
import { ensure, isMain, ROOT, runScript } from './ensure.mjs';
import { checkLock } from './lock.mjs';
import { packProblems } from './pack.mjs';

/** @typedef {() => readonly string[]} Step what is wrong, a line each */

/** @type {Record<string, Step>} */
const STEPS = {
  types: () => tool('typescript7/bin/tsc', ['--noEmit']),
  lint: () =>
    tool('@biomejs/biome/bin/biome', ['ci', '--colors=off', '--diagnostic-level=warn', '--error-on-warnings', '.']),
  arrows: () => cruise(ROOT).violations,
  unused: () => tool('knip/bin/knip.js', ['--no-progress']),
  generated: () => node([join(ROOT, 'scripts/gen.mjs'), '--check']),
  lock: () => checkLock(ROOT),
  package: () => [...tool('publint/src/cli.js', ['run', '--strict', '--pack', 'npm']), ...packProblems(ROOT)],
};

/** @param {string} path in node_modules @param {string[]} args */
function tool(path, args) {
  return node([join(ROOT, 'node_modules', path), ...args]);
}

/** @param {string[]} args @returns {string[]} what it printed, when it failed */
function node(args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' });
  if (status === 0) return [];
  return [`${stdout}${stderr}`.trim() || `\`${args.join(' ')}\` failed and said nothing.`];
}

/**
 * Runs the steps and says how each went. Answers how many failed.
 * @param {Record<string, Step>} steps @param {(line: string) => void} say
 */
export function runSteps(steps, say) {
  let failed = 0;
  for (const [name, step] of Object.entries(steps)) {
    const problems = outcome(step);
    if (problems.length > 0) failed += 1;
    say(problems.length > 0 ? `failed  ${name}\n${problems.join('\n')}` : `ok      ${name}`);
  }
  return failed;
}

/** @param {Step} step */
function outcome(step) {
  try {
    return step();
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

/** @param {readonly string[]} names */
function chosen(names) {
  const unknown = names.find((name) => !(name in STEPS));
  if (unknown) throw new Error(`There is no check named ${unknown}; there are ${Object.keys(STEPS).join(', ')}.`);
  if (names.length === 0) return STEPS;
  return Object.fromEntries(Object.entries(STEPS).filter(([name]) => names.includes(name)));
}

if (isMain(import.meta.url)) {
  await runScript(() => {
    const steps = chosen(process.argv.slice(2));
    ensure({ build: 'package' in steps });
    const failed = runSteps(steps, (line) => process.stdout.write(`${line}\n`));
    return failed > 0 ? 1 : 0;
  });
}
