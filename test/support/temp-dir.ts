/** A directory of its own for each test, removed afterwards, with a real path (macOS hands out links). */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEveryTest } from './cleanup.ts';

const made: string[] = [];

/** Mode 0700. Removed after the test that asked for it. */
export function tempDir(): string {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'claude-relay-test-')));
  made.push(dir);
  return dir;
}

afterEveryTest(() => {
  for (const dir of made.splice(0)) rmSync(dir, { recursive: true, force: true });
});
