/**
 * `npm run test:programs`: drives the real agent programs against a scripted model, where nothing can reach further
 * than the loopback. Names of programs are the only ones that are installed and run; they, and everything else, are
 * vitest's filters and options. `--facts FILE` keeps what was measured; `--kills N` says how often a program is killed.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { ensure, isMain, ROOT, runScript } from './ensure.mjs';
import { node24 } from './node24.mjs';
import { cacheDir, install } from './programs/install.mjs';
import { outcome } from './programs/outcome.mjs';
import { PINNED } from './programs/pinned.mjs';
import { commandLine, findSandbox } from './programs/sandbox.mjs';
import { take } from './test.mjs';

/**
 * @typedef {{ version: string, command: string[] }} Ready
 * @typedef {{ version: string, why: string }} Missing
 * @typedef {Record<string, Ready | Missing>} Manifest which programs there are, for `test/programs/program.ts`
 */

/** Whose value is not a name of a program, even if it reads like one. */
const WITH_VALUE = new Set(['-t', '--testNamePattern', '--bail', '--reporter']);

/** @param {readonly string[]} args */
export function readArgs(args) {
  const rest = [...args];
  const [, facts] = take(rest, '--facts', 2);
  const [, kills] = take(rest, '--kills', 2);
  const words = rest.filter((_word, at) => !WITH_VALUE.has(rest[at - 1] ?? ''));
  const named = Object.keys(PINNED).filter((name) => words.includes(name));
  return { facts, kills, named, vitest: rest };
}

/**
 * Installs what is asked for. What cannot be had is missing for a reason, and its tests are skipped for it.
 * @param {readonly string[]} named none: all @param {(name: string) => string[]} prepare answers with what to start
 * @returns {Manifest}
 */
export function readyPrograms(named, prepare) {
  const entries = Object.entries(PINNED).map(([name, { version }]) => {
    if (named.length > 0 && !named.includes(name)) return [name, { version, why: `${name} was not asked for` }];
    try {
      return [name, { version, command: prepare(name) }];
    } catch (error) {
      return [name, { version, why: `${name}: ${error instanceof Error ? error.message : error}` }];
    }
  });
  return Object.fromEntries(entries);
}

/** @param {string} name */
function prepare(name) {
  const file = install(name, { cache: cacheDir(process.env) });
  return PINNED[name]?.node ? [node24(), file] : [file];
}

function main() {
  const { facts, kills, named, vitest } = readArgs(process.argv.slice(2));
  ensure();
  // Homes will lie in here: not in /tmp, where Codex takes none, and not deep, since sockets have short paths.
  const dir = mkdtempSync('/var/tmp/relay-');
  try {
    const result = run(dir, named, vitest, kills ? { RELAY_TEST_KILLS: kills } : {});
    for (const line of result.lines) process.stdout.write(`${line}\n`);
    if (facts) keepFacts(facts, result.facts);
    return result.failed ? 1 : 0;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/**
 * @param {string} dir @param {readonly string[]} named @param {readonly string[]} options of vitest
 * @param {Readonly<Record<string, string>>} more variables
 */
function run(dir, named, options, more) {
  const sandbox = findSandbox();
  const none = (/** @type {string} */ why) => () => {
    throw new Error(why);
  };
  const manifest = readyPrograms(named, 'why' in sandbox ? none(sandbox.why) : prepare);
  const report = join(dir, 'report.json');
  const config = join(ROOT, 'vitest.programs.config.ts');
  /** @type {[string, ...string[]]} */
  const command = [
    process.execPath,
    ...[join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run', '--config', config],
    ...['--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...options],
  ];
  writeFileSync(join(dir, 'programs.json'), JSON.stringify(manifest));
  const env = { ...more, RELAY_TEST_PROGRAMS: join(dir, 'programs.json'), TMPDIR: dir, HOME: join(dir, 'home') };
  const [program, ...args] = 'why' in sandbox ? command : sandboxed(sandbox, dir, manifest, command, env);
  const outer = { ...process.env, RELAY_TEST_PROGRAMS: env.RELAY_TEST_PROGRAMS };
  const { status, error } = spawnSync(program, args, { cwd: ROOT, stdio: 'inherit', env: outer });
  if (error) throw error;
  return outcome(report, status ?? 1);
}

/**
 * @param {import('./programs/sandbox.mjs').Sandbox} sandbox @param {string} dir @param {Manifest} manifest
 * @param {readonly string[]} command @param {Readonly<Record<string, string>>} env
 */
function sandboxed(sandbox, dir, manifest, command, env) {
  const tmp = join(dir, 'tmp');
  mkdirSync(tmp, { mode: 0o1777 });
  const nodes = Object.values(manifest).flatMap((each) => ('command' in each ? each.command.slice(0, 1) : []));
  const keep = [ROOT, dir, cacheDir(process.env), process.execPath, ...nodes].filter((path) => existsSync(path));
  return commandLine(sandbox, { tmp, keep, command }, env);
}

/** @param {string} file @param {readonly import('./programs/outcome.mjs').Fact[]} facts */
function keepFacts(file, facts) {
  mkdirSync(dirname(resolve(file)), { recursive: true });
  writeFileSync(file, `${JSON.stringify({ at: new Date().toISOString(), node: process.version, facts }, null, 2)}\n`);
}

if (isMain(import.meta.url)) await runScript(main);
