/** A file of the bundle, built when it is stale: for what runs in a thread or a process of its own. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensure, ROOT } from '../../scripts/ensure.mjs';
import { withLock } from '../../src/util/lock.ts';

/** A build takes seconds; another worker may be at it. Milliseconds. */
const PATIENCE = 120_000;
let built: Promise<void> | undefined;

export async function bundled(file: string): Promise<string> {
  built ??= withLock(join(tmpdir(), 'claude-relay-test-build.lock'), () => ensure(), { patience: PATIENCE });
  await built;
  return join(ROOT, 'dist', file);
}
