/** Node 24 and the programs that need it. Fetched once, by one worker; absent where they cannot be had. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { node24 } from '../../scripts/node24.mjs';
import { tools24 } from '../../scripts/tools24.mjs';
import { withLock } from '../../src/util/lock.ts';

/** A first installation on a slow line, milliseconds. */
const PATIENCE = 300_000;

export interface Tools {
  readonly node: string;
  /** The path of a file in one of the packages. */
  file(path: string): string;
}

/** Undefined, with a line on stderr, when they cannot be had: offline, or where there is no Node 24. */
export const tools: Tools | undefined = await withLock(
  join(tmpdir(), 'claude-relay-test-tools24.lock'),
  () => {
    const node = node24();
    const dir = tools24();
    return { node, file: (path: string) => join(dir, 'node_modules', path) };
  },
  { patience: PATIENCE },
).catch((error: unknown) => {
  process.stderr.write(`Tests that need Node 24 are skipped: ${error instanceof Error ? error.message : error}\n`);
  return undefined;
});
