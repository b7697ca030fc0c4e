/** What we are compared with and Node does not bring: fetched at the versions of `bench/package.json`, into a cache. */
import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { npm, ROOT, runLoudly } from '../scripts/ensure.mjs';

/** Written last: an installation that was interrupted is done again. */
const DONE = 'node_modules/.package-lock.json';

/** Answers with the directory that holds their `node_modules`. */
export function packages(root = ROOT, run = runLoudly) {
  const cache = join(root, 'node_modules/.cache/bench');
  if (existsSync(join(cache, DONE))) return cache;
  rmSync(cache, { recursive: true, force: true });
  mkdirSync(cache, { recursive: true });
  for (const file of ['package.json', 'package-lock.json']) cpSync(join(root, 'bench', file), join(cache, file));
  run('Fetching what the benchmark compares with.', ...npm(['ci', '--ignore-scripts']), cache);
  return cache;
}
