/**
 * Installs one agent program into a cache outside the repository: some of them are 400 MB, and they outlive a clone. An
 * installation gets its place by a rename when it is complete; one that was interrupted never counts as one.
 */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { npm, runLoudly } from '../ensure.mjs';
import { PINNED, startFile } from './pinned.mjs';

/** @param {NodeJS.ProcessEnv} env */
export function cacheDir(env, userHome = homedir()) {
  if (env.CLAUDE_RELAY_PROGRAMS) return env.CLAUDE_RELAY_PROGRAMS;
  return join(env.XDG_CACHE_HOME || join(userHome, '.cache'), 'claude-relay/programs');
}

/**
 * Answers with the path of the file to start; throws with a sentence when the program cannot be had.
 * @param {string} name @param {{ cache: string, arch?: string, run?: import('../ensure.mjs').Run }} options
 */
export function install(name, { cache, arch = process.arch, run = runLoudly }) {
  const program = PINNED[name];
  if (!program) throw new Error(`There is no program named ${name}.`);
  const place = join(cache, `${name}@${program.version}`);
  if (!existsSync(place)) fetch(`${program.package}@${program.version}`, place, run);
  const file = startFile(place, program, arch);
  if (!existsSync(file)) throw new Error(`${program.package}@${program.version} has nothing for linux-${arch}.`);
  return file;
}

/** @param {string} wanted @param {string} place @param {import('../ensure.mjs').Run} run */
function fetch(wanted, place, run) {
  mkdirSync(join(place, '..'), { recursive: true });
  const part = mkdtempSync(`${place}.part-`);
  try {
    writeFileSync(join(part, 'package.json'), '{"private":true}\n');
    run(`Fetching ${wanted} for the tests.`, ...npm(['install', '--ignore-scripts', '--save-exact', wanted]), part);
    renameSync(part, place);
  } catch (error) {
    rmSync(part, { recursive: true, force: true });
    // Somebody else was faster: theirs is as good.
    if (!existsSync(place)) throw error;
  }
}
