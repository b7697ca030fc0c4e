/** `npm run build`: bundles the entries into `dist/`. Runs of an older build go on: see `writeDist`. */
import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { bundle, heavyInMcp } from './bundle.mjs';
import { BUILT_FROM, ensure, hashSources, isMain, ROOT, runScript } from './ensure.mjs';

/** @typedef {{ fileName: string, code: string }} Written */

/**
 * Replaces what is in `dist/`. Each file appears whole, chunks before the entries that import them, and what is no
 * longer wanted goes last: a process that starts meanwhile finds either build.
 * @param {string} root @param {readonly Written[]} files @param {string} builtFrom
 */
export function writeDist(root, files, builtFrom) {
  const dist = join(root, 'dist');
  rmSync(join(root, BUILT_FROM), { force: true });
  const inOrder = [...files].sort((a, b) => Number(isEntry(a.fileName)) - Number(isEntry(b.fileName)));
  for (const { fileName, code } of inOrder) writeWhole(join(dist, fileName), code);
  chmodSync(join(dist, 'cli.mjs'), 0o755);
  const wanted = new Set(files.map(({ fileName }) => fileName));
  for (const name of written(dist)) if (!wanted.has(name)) rmSync(join(dist, name), { recursive: true });
  writeWhole(join(root, BUILT_FROM), `${builtFrom}\n`);
}

/** @param {string} fileName */
function isEntry(fileName) {
  return !fileName.includes('/');
}

/** @param {string} path @param {string} text */
function writeWhole(path, text) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

/** @param {string} dist */
function written(dist) {
  const chunks = existsSync(join(dist, 'chunks')) ? readdirSync(join(dist, 'chunks')) : [];
  const files = readdirSync(dist).filter((name) => name !== 'chunks');
  return [...files, ...chunks.map((name) => `chunks/${name}`)];
}

async function main() {
  ensure({ build: false });
  // Before the bundler reads them: a file that changes while it does makes the next build a real one.
  const builtFrom = hashSources(ROOT);
  const chunks = await bundle();
  const heavy = heavyInMcp(chunks);
  if (heavy.length > 0) throw new Error(`\`mcp\` would load ${heavy.join(', ')}: import that lazily.`);
  writeDist(ROOT, chunks, builtFrom);
  const size = chunks.reduce((sum, { code }) => sum + code.length, 0);
  process.stderr.write(`Built dist: ${chunks.length} files, ${Math.round(size / 1024)} KiB.\n`);
  return 0;
}

if (isMain(import.meta.url)) await runScript(main);
