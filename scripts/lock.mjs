/**
 * Is the lock file complete? Every optional package (the native parts for other systems) must have its entry, or an
 * installation there fails; none may name a registry; every one must have its hash; and what a user installs stays few.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Threat T24: few packages to trust. */
const MOST_RUNTIME_PACKAGES = 10;
const MOST_RUNTIME_DIRECT = 5;

/**
 * @typedef {{ version?: string, resolved?: string, integrity?: string, dev?: boolean, inBundle?: boolean,
 *   optionalDependencies?: Record<string, string> }} Entry
 * @typedef {{ packages: Record<string, Entry> }} Lock
 * @typedef {{ dependencies?: Record<string, string>, devDependencies?: Record<string, string>,
 *   optionalDependencies?: Record<string, string> }} Manifest
 */

/**
 * What is wrong, one sentence each.
 * @param {Lock} lock @param {Manifest} manifest
 */
export function lockProblems(lock, manifest) {
  const entries = Object.entries(lock.packages);
  return [
    ...entries.flatMap(([path, entry]) => missingOptional(lock, path, entry)),
    ...entries.flatMap(([path, entry]) => (path === '' ? [] : entryProblems(path, entry))),
    ...manifestProblems(manifest),
    ...runtimeProblems(entries, manifest),
  ];
}

/** @param {Lock} lock @param {string} path @param {Entry} entry */
function missingOptional(lock, path, entry) {
  const names = Object.keys(entry.optionalDependencies ?? {});
  return names
    .filter((name) => !resolves(lock, path, name))
    .map((name) => `${path || 'The project'} wants ${name}, which has no entry in the lock file.`);
}

/** Node's own search: beside the package, then outwards. @param {Lock} lock @param {string} path @param {string} name */
function resolves(lock, path, name) {
  for (let at = path; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    if (lock.packages[at ? `${at}/node_modules/${name}` : `node_modules/${name}`]) return true;
    if (at === '') return false;
  }
}

/** @param {string} path @param {Entry} entry */
function entryProblems(path, entry) {
  const problems = [];
  if (entry.resolved) problems.push(`${path} names an address; install with the .npmrc of this project.`);
  if (!entry.integrity && !entry.inBundle) problems.push(`${path} has no hash.`);
  return problems;
}

/** @param {Manifest} manifest */
function manifestProblems({ dependencies, devDependencies, optionalDependencies }) {
  return Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies })
    .filter(([, version]) => !/^(npm:@?[^@]+@)?\d+\.\d+\.\d+$/.test(version))
    .map(([name, version]) => `${name} is not pinned: ${version}`);
}

/** @param {[string, Entry][]} entries @param {Manifest} manifest */
function runtimeProblems(entries, { dependencies, optionalDependencies }) {
  const direct = Object.keys({ ...dependencies, ...optionalDependencies }).length;
  const runtime = entries.filter(([path, entry]) => path !== '' && !entry.dev);
  const problems = [];
  if (direct > MOST_RUNTIME_DIRECT) problems.push(`${direct} direct runtime packages; at most ${MOST_RUNTIME_DIRECT}.`);
  if (runtime.length > MOST_RUNTIME_PACKAGES)
    problems.push(`${runtime.length} runtime packages; at most ${MOST_RUNTIME_PACKAGES}.`);
  return problems;
}

/** @param {string} root */
export function checkLock(root) {
  /** @param {string} name */
  const read = (name) => JSON.parse(readFileSync(join(root, name), 'utf8'));
  return [
    ...lockProblems(read('package-lock.json'), read('package.json')),
    ...lockProblems(read('scripts/node24/package-lock.json'), read('scripts/node24/package.json')),
  ];
}
