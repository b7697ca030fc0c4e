/**
 * Bundles the entries in memory: for `scripts/build.mjs`, which writes them, and `scripts/notices.mjs`, which names the
 * packages that went in.
 */
import { join, relative, sep } from 'node:path';
import { ROOT } from './ensure.mjs';

/**
 * What Node can start. `cli` is the command itself; it reaches the others with a dynamic import before its own
 * framework loads. Each is also a file of its own for whoever wants to start it without that step.
 */
export const ENTRIES = { cli: 'src/cli/main.ts', serve: 'src/serve.ts', mcp: 'src/mcp/main.ts' };

/** Stays outside: it brings native code. */
const EXTERNAL = [/^node:/, '@photostructure/sqlite'];

/** A session process starts with every agent session: none of these may be loaded with it (STYLE.md, section 8). */
const NOT_IN_MCP = [
  'commander',
  '@clack/prompts',
  'hono',
  '@hono/node-server',
  'pino',
  'prom-client',
  '@photostructure/sqlite',
];

/**
 * @typedef {import('rolldown').OutputChunk} Chunk
 * @typedef {Pick<Chunk, 'fileName' | 'imports' | 'moduleIds'>} Linked
 */

/** @param {string} [root] @returns {Promise<Chunk[]>} */
export async function bundle(root = ROOT) {
  const { rolldown } = await import('rolldown');
  const input = Object.fromEntries(Object.entries(ENTRIES).map(([name, path]) => [name, join(root, path)]));
  const build = await rolldown({
    input,
    cwd: root,
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
      format: 'es',
      entryFileNames: '[name].mjs',
      chunkFileNames: 'chunks/[name]-[hash].mjs',
      banner: (chunk) => (chunk.name === 'cli' && chunk.isEntry ? '#!/usr/bin/env node' : ''),
      comments: false,
    });
    return output.filter((file) => file.type === 'chunk');
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
 * @param {readonly Linked[]} chunks @param {string} entry
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

/** @param {string} root @param {readonly Chunk[]} chunks the folders of all packages in them, in order of name */
export function bundledPackages(root, chunks) {
  const folders = chunks
    .flatMap(({ moduleIds }) => moduleIds.map(packageFolder))
    .filter((folder) => folder !== undefined);
  return [...new Set(folders.map((folder) => relative(root, folder).split(sep).join('/')))].sort();
}
