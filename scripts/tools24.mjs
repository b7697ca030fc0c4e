/**
 * The programs that look at us from outside: the conformance suite and the Inspector. They need Node 22 or later, so
 * they are fetched when a test first asks for them, at the versions and hashes of `scripts/tools24`, into a cache.
 */
import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { npm, ROOT, runLoudly } from './ensure.mjs';

/** Written last: an installation that was interrupted is done again. */
const DONE = 'node_modules/.package-lock.json';

/** Answers with the directory that holds their `node_modules`. */
export function tools24(root = ROOT, run = runLoudly) {
  const cache = join(root, 'node_modules/.cache/tools24');
  if (existsSync(join(cache, DONE))) return cache;
  rmSync(cache, { recursive: true, force: true });
  mkdirSync(cache, { recursive: true });
  cpSync(join(root, 'scripts/tools24'), cache, { recursive: true });
  run('Fetching the conformance suite and the Inspector for the tests.', ...npm(['ci', '--ignore-scripts']), cache);
  return cache;
}
