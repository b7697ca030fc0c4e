/** What would be published: only what a user needs, and nothing that runs at installation (threat T24). */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { npm } from './ensure.mjs';

const SHIPPED =
  /^(package\.json|README\.md|LICENSE|THIRD-PARTY-NOTICES|CHANGELOG\.md|PROTOCOL\.md|dist\/(hook\.cjs|([\w-]+|chunks\/[\w.-]+)\.mjs))$/;
const NEEDED = ['LICENSE', 'THIRD-PARTY-NOTICES', 'README.md', 'dist/cli.mjs'];
/** npm runs these on the user's machine. */
const AT_INSTALLATION = ['preinstall', 'install', 'postinstall', 'prepare'];

/** @param {string} root */
export function packProblems(root) {
  const [command, args] = npm(['pack', '--dry-run', '--json', '--ignore-scripts']);
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  if (status !== 0) return [`\`npm pack\` failed: ${stderr}`];
  const { scripts = {} } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return [...fileProblems(packedPaths(JSON.parse(stdout))), ...scriptProblems(scripts)];
}

/** Newer versions of npm name each package in an object, older ones list them. @param {unknown} printed @returns {string[]} */
export function packedPaths(printed) {
  const [packed] = Object.values(Object(printed));
  /** @type {{ path: string }[]} */
  const files = packed?.files ?? [];
  return files.map(({ path }) => path);
}

/** @param {readonly string[]} paths */
export function fileProblems(paths) {
  const extra = paths.filter((path) => !SHIPPED.test(path)).map((path) => `${path} would be published.`);
  const missing = NEEDED.filter((path) => !paths.includes(path)).map((path) => `${path} would not be published.`);
  return [...extra, ...missing];
}

/** @param {Record<string, string>} scripts */
export function scriptProblems(scripts) {
  const found = AT_INSTALLATION.filter((name) => scripts[name]);
  return found.map((name) => `The script ${name} would run on the user's machine.`);
}
