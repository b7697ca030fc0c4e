/**
 * Makes a fresh clone ready: installs the packages and builds `dist/`, each only when it is needed. Every script of
 * the project calls this first, so it uses nothing but Node's own modules.
 *
 * What is installed and what is built are compared by content, not by time: a checkout gives files new times without
 * changing them, and old ones after changing them.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** What `npm ci` leaves behind when it is through; it is not there after one that was interrupted. */
const INSTALLED = 'node_modules/.package-lock.json';
/** The hash of what `dist/` was built from, written last by `scripts/build.mjs`. */
export const BUILT_FROM = 'dist/.built-from';
/** Everything that changes the bundle. */
const SOURCES = ['src', 'package.json', 'package-lock.json', 'scripts/build.mjs'];
const OLDEST_NODE = [20, 19, 0];

/**
 * @typedef {{ version?: string, integrity?: string, optional?: boolean, devOptional?: boolean, peer?: boolean }} Locked
 * @typedef {(say: string, command: string, args: readonly string[], cwd: string) => void} Run
 */

/** @param {string} version as in `process.versions.node` */
export function isOldNode(version) {
  const parts = version.split('.').map(Number);
  for (const [i, needed] of OLDEST_NODE.entries()) {
    const part = parts[i] ?? 0;
    if (part !== needed) return part < needed;
  }
  return false;
}

/**
 * Why the packages have to be installed, as the middle of a sentence; undefined when they are as the lock file says.
 * @param {string} root
 */
export function whyInstall(root) {
  if (!existsSync(join(root, 'node_modules'))) return 'there is no node_modules';
  if (!existsSync(join(root, INSTALLED))) return 'the last installation did not finish';
  const wanted = packagesOf(join(root, 'package-lock.json'));
  const found = packagesOf(join(root, INSTALLED));
  for (const [path, locked] of Object.entries(wanted)) {
    if (path !== '' && !isInstalled(locked, found[path])) return `${path} is not what the lock file says`;
  }
  const extra = Object.keys(found).find((path) => !wanted[path]);
  return extra && `${extra} is not in the lock file`;
}

/** @param {string} file @returns {Record<string, Locked>} */
function packagesOf(file) {
  return JSON.parse(readFileSync(file, 'utf8')).packages;
}

/** @param {Locked} wanted @param {Locked | undefined} found */
function isInstalled(wanted, found) {
  // Packages for other systems stay away.
  if (!found) return Boolean(wanted.optional || wanted.devOptional || wanted.peer);
  return found.version === wanted.version && found.integrity === wanted.integrity;
}

/**
 * Why `dist/` has to be built, as the middle of a sentence; undefined when it was built from these sources.
 * @param {string} root
 */
export function whyBuild(root) {
  if (!existsSync(join(root, BUILT_FROM))) return 'there is no finished dist';
  if (readFileSync(join(root, BUILT_FROM), 'utf8').trim() !== hashSources(root)) return 'src has changed';
  return undefined;
}

/**
 * One hash over the paths and contents of everything that goes into the bundle.
 * @param {string} root
 */
export function hashSources(root) {
  const hash = createHash('sha256');
  for (const path of SOURCES.flatMap((start) => filesUnder(root, start))) {
    const content = readFileSync(join(root, path));
    hash.update(`${path}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

/** @param {string} root @param {string} start a file or folder in it @returns {string[]} */
function filesUnder(root, start) {
  const full = join(root, start);
  if (!existsSync(full)) return [];
  try {
    const names = readdirSync(full).sort();
    return names.flatMap((name) => filesUnder(root, `${start}/${name}`));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOTDIR') return [start];
    throw error;
  }
}

/**
 * Installs, and builds unless told not to. Throws with a sentence when either fails.
 * @param {{ root?: string, build?: boolean, run?: Run }} [options]
 */
export function ensure({ root = ROOT, build = true, run = runLoudly } = {}) {
  if (isOldNode(process.versions.node)) {
    throw new Error(`This is Node ${process.versions.node}; install Node ${OLDEST_NODE.join('.')} or later.`);
  }
  const install = whyInstall(root);
  if (install) run(`Installing the packages: ${install}.`, ...npm(['ci', '--include=dev', '--ignore-scripts']), root);
  const stale = build ? whyBuild(root) : undefined;
  if (stale) run(`Building: ${stale}.`, process.execPath, [join(root, 'scripts/build.mjs')], root);
}

/**
 * The npm that started this, else the one on the PATH. Never through a shell.
 * @param {string[]} args @returns {[string, string[]]}
 */
export function npm(args) {
  const script = process.env.npm_execpath;
  return script?.endsWith('.js') ? [process.execPath, [script, ...args]] : ['npm', args];
}

/** @type {Run} */
export function runLoudly(say, command, args, cwd) {
  process.stderr.write(`${say}\n`);
  // Our stdout belongs to what comes after: the child's goes to stderr.
  const { status, error } = spawnSync(command, args, { cwd, stdio: ['ignore', 2, 2] });
  if (status !== 0) throw new Error(`\`${command} ${args.join(' ')}\` failed.`, { cause: error });
}

/**
 * Ends a script the way each of them ends: with its exit code, or with the sentence of what went wrong.
 * @param {() => number | Promise<number>} main
 */
export async function runScript(main) {
  try {
    process.exitCode = await main();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    process.exitCode = 1;
  }
}

/** Is this the file that Node was started with? @param {string} url its `import.meta.url` */
export function isMain(url) {
  const [, script] = process.argv;
  // `import.meta.url` is without links, the argument is as it was typed.
  return script !== undefined && existsSync(script) && realpathSync(script) === fileURLToPath(url);
}
