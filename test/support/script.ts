/** A script of the tests as one file, for a process of its own that may be killed or ends by itself. */
import { mkdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { rolldown } from 'rolldown';
import { ROOT } from '../../scripts/ensure.mjs';
import { afterEveryTest } from './cleanup.ts';

// Beside the packages, so that the bundle finds the one that stays outside of it.
const cache = join(ROOT, 'node_modules', '.cache', `script-${process.pid}`);
afterEveryTest(() => rmSync(cache, { recursive: true, force: true }));

/** `source` from the project's root. It is there until the test is over. */
export async function script(source: string): Promise<string> {
  mkdirSync(cache, { recursive: true });
  const file = join(cache, basename(source).replace(/\.ts$/, '.mjs'));
  const build = await rolldown({
    input: join(ROOT, source),
    external: [/^node:/, '@photostructure/sqlite'],
    platform: 'node',
    tsconfig: false,
  });
  await build.write({ file, format: 'es', codeSplitting: false });
  await build.close();
  return file;
}
