/**
 * Puts a bug into the sources as they are read, for one run of the suite or one bundle: the shipped code knows nothing of
 * it. A bug whose place is not found exactly once is an error, so that none of them goes stale.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { bundle } from '../../../scripts/bundle.mjs';
import { ROOT } from '../../../scripts/ensure.mjs';
import { type Edit, PLANTS } from '../plants.ts';

export function editsOf(plant: string): readonly Edit[] {
  const found = PLANTS.find(({ name }) => name === plant);
  if (!found)
    throw new Error(`There is no bug called ${plant}; there are ${PLANTS.map(({ name }) => name).join(', ')}.`);
  return found.edits;
}

export function planted(source: string, { file, find, put }: Edit): string {
  const parts = source.split(find);
  if (parts.length !== 2) throw new Error(`${file} has ${parts.length - 1} times, and not once: ${find}`);
  return parts.join(put);
}

/** For rolldown and for vite: both give `transform` the text of a file. */
export function plantPlugin(plant: string) {
  const edits = editsOf(plant);
  return {
    name: `plant ${plant}`,
    enforce: 'pre' as const,
    transform(code: string, id: string): string | undefined {
      const here = edits.filter(({ file }) => id.split('?')[0] === join(ROOT, file));
      return here.length === 0 ? undefined : here.reduce(planted, code);
    },
  };
}

/** Bundles the program with the bug in it. Answers with the path of its `cli.mjs`; `remove` when it is no longer wanted. */
export async function plantedBundle(plant: string): Promise<{ readonly cli: string; remove(): void }> {
  // Beside the packages, so that the bundle finds the one that stays outside of it.
  const dist = join(ROOT, 'node_modules/.cache', `planted-${plant.replaceAll(' ', '-')}-${process.pid}`);
  for (const { fileName, code } of await bundle(ROOT, [plantPlugin(plant)])) {
    const path = join(dist, fileName);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, code);
  }
  return { cli: join(dist, 'cli.mjs'), remove: () => rmSync(dist, { recursive: true, force: true }) };
}
