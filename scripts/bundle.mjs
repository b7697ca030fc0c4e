/**
 * Bundles the entries in memory: for `scripts/build.mjs`, which writes them, and `scripts/notices.mjs`, which names the
 * packages that went in.
 */
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { ROOT } from './ensure.mjs';

/**
 * What Node can start, as name and path: each file right in `src`, and each folder there with a `main.ts`. `cli` is the
 * command itself; it reaches the others with a dynamic import, before its own framework loads.
 * @param {string} root @returns {Record<string, string>}
 */
export function entries(root) {
  const src = join(root, 'src');
  const files = readdirSync(src).map((name) => (name.endsWith('.ts') ? name : `${name}/main.ts`));
  const there = files.filter((file) => existsSync(join(src, file)));
  const found = Object.fromEntries(there.map((file) => [file.replace(/(\/main)?\.ts$/, ''), join(src, file)]));
  if (!found.cli) throw new Error('src/cli/main.ts is not there: there is nothing to build.');
  return found;
}

/** Stays outside: it brings native code. */
const EXTERNAL = [/^node:/, '@photostructure/sqlite'];

/**
 * One file each, that shares nothing with others and needs nothing but Node: what an agent program loads from its own folder,
 * where it is copied to, and the hook, which starts at every event of one. Of Node's two kinds of modules, the hook is of
 * that which starts sooner (21 ms against 25, with nothing in either).
 */
const ALONE = /-(plugin|extension)$|^hook$/;
const fileOf = (/** @type {string} */ name) => (name === 'hook' ? 'hook.cjs' : `${name}.mjs`);

/** Somebody waits for these to start: each is a bundle of its own, in as few files as can be. Only what it loads later is apart. */
const WAITED_FOR = /^(mcp|serve)$/;

/** Stands in an import for the file of an entry, until it is known from where it is reached. */
const ENTRY = 'entry:';

/** A session process starts with every agent session: none of these may be loaded with it (STYLE.md, section 8). */
const NOT_IN_MCP = [
  '@modelcontextprotocol/server',
  'zod',
  'ws',
  'commander',
  '@clack/prompts',
  'hono',
  '@hono/node-server',
  'pino',
  'prom-client',
  '@photostructure/sqlite',
  '@secretlint/secretlint-rule-preset-recommend',
];

/**
 * @typedef {Pick<import('rolldown').OutputChunk, 'fileName' | 'code' | 'imports' | 'dynamicImports' | 'moduleIds' | 'exports'>} Chunk
 * @typedef {Pick<Chunk, 'fileName' | 'imports' | 'moduleIds'>} Linked
 */

/**
 * @param {string} [root] @param {import('rolldown').Plugin[]} [plugins] for tests that change the sources first
 * @returns {Promise<Chunk[]>}
 */
export async function bundle(root = ROOT, plugins = []) {
  const all = Object.entries(entries(root));
  const isApart = (/** @type {string} */ name) => ALONE.test(name) || WAITED_FOR.test(name);
  const files = [asFiles(all), ...plugins];
  const chunks = await bundled(root, Object.fromEntries(all.filter(([name]) => !isApart(name))), files);
  for (const [name, path] of all.filter(([name]) => isApart(name))) {
    const made = await bundled(root, { [name]: path }, files);
    chunks.push(...made);
    if (!ALONE.test(name)) continue;
    const needs = made.flatMap(({ imports, dynamicImports }) => [...imports, ...dynamicImports]);
    const missing = needs.filter((id) => !id.startsWith('node:'));
    if (missing.length > 0) throw new Error(`${name} is one file, and would miss ${missing.join(', ')}.`);
  }
  return chunks;
}

/**
 * An entry that is loaded when it is wanted is reached as the file that it is, under the name that it keeps.
 * @param {readonly [name: string, path: string][]} all @returns {import('rolldown').Plugin}
 */
function asFiles(all) {
  const names = new Map(all.map(([name, path]) => [path, name]));
  return {
    name: 'entries',
    resolveId(source, importer, { kind }) {
      if (kind !== 'dynamic-import' || importer === undefined || !source.startsWith('.')) return null;
      const name = names.get(resolve(dirname(importer), source));
      return name === undefined ? null : { id: `${ENTRY}${name}`, external: true };
    },
  };
}

/**
 * A process keeps the text of its files, in two bytes a character when a single one of them needs two. In strings, templates
 * and expressions the escape is the character; what reads a template raw has only ASCII.
 * @param {string} code
 */
function ascii(code) {
  return code.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** @param {import('rolldown').OutputChunk} chunk @returns {Chunk} */
function linked({ fileName, code, imports, dynamicImports, moduleIds, exports }) {
  const up = fileName.includes('/') ? '../' : './';
  const pattern = new RegExp(`(["'\`])${ENTRY}([\\w-]+)\\1`, 'g');
  return {
    fileName,
    code: ascii(code.replaceAll(pattern, (_, quote, name) => `${quote}${up}${fileOf(name)}${quote}`)),
    imports,
    dynamicImports: dynamicImports.map((id) => (id.startsWith(ENTRY) ? fileOf(id.slice(ENTRY.length)) : id)),
    moduleIds,
    exports,
  };
}

/** @param {string} root @param {Record<string, string>} input @param {import('rolldown').Plugin[]} plugins @returns {Promise<Chunk[]>} */
async function bundled(root, input, plugins) {
  const { rolldown } = await import('rolldown');
  const build = await rolldown({
    input,
    cwd: root,
    plugins,
    resolve: {
      alias: {
        '@modelcontextprotocol/server/_shims': join(root, 'scripts/mcp-shims.mjs'),
        // 880 KB with which one of its rules opens key files; that rule is not asked.
        './index-BDnqZat0.js': join(root, 'scripts/no-forge.mjs'),
        // Its `main` requires its parts in a way that no bundler can follow.
        'jsonc-parser': 'jsonc-parser/lib/esm/main.js',
      },
    },
    external: EXTERNAL,
    platform: 'node',
    tsconfig: false,
    onLog(level, log, next) {
      // A package's own circular imports are its business; whatever else rolldown says must be looked at.
      if (level === 'warn') throw new Error(`The bundler warns: ${log.message}`);
      next(level, log);
    },
  });
  try {
    const { output } = await build.generate({
      format: input.hook ? 'cjs' : 'es',
      entryFileNames: ({ name }) => fileOf(name),
      chunkFileNames: 'chunks/[name]-[hash].mjs',
      banner: (chunk) => (chunk.name === 'cli' && chunk.isEntry ? '#!/usr/bin/env node' : ''),
      comments: false,
    });
    return output.filter((file) => file.type === 'chunk').map(linked);
  } finally {
    await build.close();
  }
}

/**
 * What `mcp` would load at its start and must not, as `package (through chunk)`.
 * @param {readonly Linked[]} chunks
 */
export function heavyInMcp(chunks) {
  return loadedAtStart(chunks, 'mcp.mjs').flatMap((chunk) => {
    const packages = [...chunk.moduleIds.map(packageOf), ...chunk.imports];
    const heavy = new Set(packages.filter((name) => name !== undefined && NOT_IN_MCP.includes(name)));
    return [...heavy].map((name) => `${name} (through ${chunk.fileName})`);
  });
}

/**
 * A chunk and all that it imports without waiting for a dynamic import.
 * @template {Linked} T @param {readonly T[]} chunks @param {string} entry
 */
export function loadedAtStart(chunks, entry) {
  const loaded = new Set([entry]);
  for (const fileName of loaded) {
    const chunk = chunks.find((other) => other.fileName === fileName);
    for (const imported of chunk?.imports ?? []) loaded.add(imported);
  }
  return chunks.filter(({ fileName }) => loaded.has(fileName));
}

/**
 * The package that a module is part of; undefined for our own.
 * @param {string} moduleId an absolute path
 */
export function packageOf(moduleId) {
  const folder = packageFolder(moduleId);
  return folder?.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length);
}

/**
 * The folder of the package that a module is part of, up to and with its name, with forward slashes.
 * @param {string} moduleId
 */
export function packageFolder(moduleId) {
  const path = moduleId.split(sep).join('/');
  return path.match(/^.*node_modules\/(?:@[^/]+\/)?[^/]+/)?.[0];
}

/**
 * The folders of all packages in the chunks, from the root, in order of name.
 * @param {string} root @param {readonly Chunk[]} chunks
 */
export function bundledPackages(root, chunks) {
  const folders = chunks
    .flatMap(({ moduleIds }) => moduleIds.map(packageFolder))
    .filter((folder) => folder !== undefined);
  return [...new Set(folders.map((folder) => relative(root, folder).split(sep).join('/')))].sort();
}

/** What a package carries without a comment of its bundler, by that package; its source map says so. @type {Record<string, string[]>} */
const UNMARKED = {
  '@secretlint/secretlint-rule-preset-recommend': [
    '@textlint/regexp-string-matcher@2.0.2',
    'escape-string-regexp@4.0.0',
    'lodash.sortby@4.7.0',
    'lodash.uniq@4.5.0',
    'lodash.uniqwith@4.5.0',
  ],
};

/**
 * Packages that another package carries inside its own files, as `name@version`: most bundlers leave a comment where each begins.
 * @param {string} source @param {string} [carrier] the package that it is a file of
 */
export function carried(source, carrier = '') {
  const starts = source.matchAll(/^\/\/#region .*node_modules\/\.pnpm\/([^/]+?)(?:_[^/]*)?\/node_modules\//gm);
  const marked = [...starts].map(([, name = '']) => name.replace('+', '/'));
  return [...new Set([...marked, ...(UNMARKED[carrier] ?? [])])];
}
