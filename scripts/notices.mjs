/**
 * Writes `THIRD-PARTY-NOTICES`: the licence of every package whose code is in the bundle, and of those that are
 * installed with it. Taken from the packages as they are installed; nothing is fetched. For a package that another one
 * carries inside its own files there is only what lies in `scripts/licences/`.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundle, bundledPackages, carried, packageFolder, packageOf } from './bundle.mjs';

const HEAD = `Third-party notices of claude-relay

claude-relay is under the MIT licence (see LICENSE). The packages below are part of what is published: bundled into
dist/, or installed with it. This file is generated: \`npm run gen\`.
`;
const RULE = '-'.repeat(80);
const LICENCE_FILE = /^(licen[cs]e|copying|notice)([-.].*)?$/i;

/**
 * @typedef {{ name: string, version: string, license: string, texts: string[] }} Notice
 * @typedef {{ dev?: boolean }} Locked
 */

/** @param {string} root */
export async function notices(root) {
  const chunks = await bundle(root);
  const folders = [...new Set([...bundledPackages(root, chunks), ...installedWith(root)])];
  const modules = chunks.flatMap(({ moduleIds }) => moduleIds).filter((id) => packageFolder(id) && existsSync(id));
  const inside = [...new Set(modules.flatMap((id) => carried(readFileSync(id, 'utf8'), packageOf(id))))];
  return renderNotices([
    ...folders.map((folder) => readNotice(join(root, folder))),
    ...inside.map((name) => carriedNotice(join(root, 'scripts/licences'), name)),
  ]);
}

/**
 * Throws when its licence is not there: somebody has to look.
 * @param {string} folder of the licences @param {string} name with the version @returns {Notice}
 */
export function carriedNotice(folder, name) {
  const file = join(folder, `${name.replace('/', '+')}.txt`);
  if (!existsSync(file)) throw new Error(`A bundled package carries ${name}; put its licence into ${file}.`);
  const at = name.lastIndexOf('@');
  return {
    name: name.slice(0, at),
    version: name.slice(at + 1),
    license: 'carried by another package',
    texts: [readText(file)],
  };
}

/** The runtime packages, by the lock file. @param {string} root */
function installedWith(root) {
  /** @type {Record<string, Locked>} */
  const packages = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  return Object.keys(packages).filter((path) => path !== '' && !packages[path]?.dev);
}

/**
 * Throws when a package says nothing about its licence: somebody has to look.
 * @param {string} folder @returns {Notice}
 */
export function readNotice(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  if (typeof license !== 'string') throw new Error(`${name} ${version} names no licence; find out before shipping it.`);
  const files = existsSync(folder) ? readdirSync(folder).sort() : [];
  const texts = files.filter((file) => LICENCE_FILE.test(file)).map((file) => readText(join(folder, file)));
  return { name, version, license, texts };
}

/** @param {string} file */
function readText(file) {
  const lines = readFileSync(file, 'utf8').replace(/\r\n?/g, '\n').split('\n');
  return lines
    .map((line) => line.trimEnd())
    .join('\n')
    .trim();
}

/** @param {readonly Notice[]} list */
export function renderNotices(list) {
  const inOrder = [...list].sort((a, b) => compare(a.name, b.name) || compare(a.version, b.version));
  const parts = inOrder.map(({ name, version, license, texts }) => {
    const body = texts.length > 0 ? texts : [`The package brings no licence text; its package.json says: ${license}.`];
    return [RULE, `${name} ${version} (${license})`, RULE, '', body.join('\n\n'), ''].join('\n');
  });
  return [HEAD, ...parts].join('\n');
}

/** By code unit: the same on every machine, whatever its language. @param {string} a @param {string} b */
function compare(a, b) {
  return a < b ? -1 : Number(a > b);
}
