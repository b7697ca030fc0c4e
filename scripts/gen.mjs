/** `npm run gen` writes the generated files; with `--check` it only says which are not what they should be. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { benchReadme } from '../bench/readme.mjs';
import { ensure, isMain, ROOT, runScript } from './ensure.mjs';
import { guarantees, RESULTS, SOAK } from './guarantees.mjs';
import { notices } from './notices.mjs';
import { securityPage } from './security-page.mjs';

/** @typedef {Record<string, string>} Texts by path */

/** @param {string} root @returns {Promise<Texts>} */
async function generate(root) {
  const { configMarkdown, sampleConfig } = await loadSource(root, 'src/config/document.ts');
  const { packageFiles } = await loadSource(root, 'src/agents/install/packages.ts');
  return {
    ...packageFiles(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))),
    'bench/README.md': benchReadme(root),
    'docs/config.md': configMarkdown(),
    'examples/config.json': sampleConfig(),
    'GUARANTEES.md': guaranteesPage(root),
    'SECURITY.md': securityPage(root),
    'THIRD-PARTY-NOTICES': await notices(root),
  };
}

/** The soak takes half an hour, and may not have been recorded. @param {string} root */
function guaranteesPage(root) {
  const [results, soak] = [RESULTS, SOAK].map((path) => {
    const file = join(root, path);
    return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
  });
  return guarantees(results, soak);
}

/**
 * Runs one of our own TypeScript modules here: bundled into a string first, since Node 20 reads no TypeScript.
 * @param {string} root @param {string} path
 */
async function loadSource(root, path) {
  const { rolldown } = await import('rolldown');
  const build = await rolldown({ input: join(root, path), external: [/^node:/], platform: 'node' });
  const { output } = await build.generate({ format: 'es', codeSplitting: false });
  await build.close();
  return import(`data:text/javascript;base64,${Buffer.from(output[0].code).toString('base64')}`);
}

/**
 * The paths whose text is not (or is no longer) the given one.
 * @param {string} root @param {Texts} texts
 */
export function outdated(root, texts) {
  return Object.keys(texts).filter((path) => {
    const file = join(root, path);
    return !existsSync(file) || readFileSync(file, 'utf8') !== texts[path];
  });
}

/** @param {string} root @param {Texts} texts @param {readonly string[]} paths */
export function write(root, texts, paths) {
  for (const path of paths) {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, texts[path] ?? '');
  }
}

async function main() {
  ensure({ build: false });
  const texts = await generate(ROOT);
  const paths = outdated(ROOT, texts);
  if (process.argv.includes('--check')) {
    for (const path of paths) process.stderr.write(`${path} is out of date: run \`npm run gen\`.\n`);
    return paths.length > 0 ? 1 : 0;
  }
  write(ROOT, texts, paths);
  process.stderr.write(paths.length > 0 ? `Wrote ${paths.join(', ')}.\n` : 'Everything generated is up to date.\n');
  return 0;
}

if (isMain(import.meta.url)) await runScript(main);
