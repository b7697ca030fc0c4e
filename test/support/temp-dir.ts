/** A directory of its own for each test, removed afterwards, with a real path (macOS hands out links). */
import { existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEveryTest } from './cleanup.ts';

const made: string[] = [];

/** Where Linux keeps files in memory: a thousand writes that are synced one by one take seconds there, not minutes. */
const MEMORY = '/dev/shm';

/** As `tempDir`, in memory where there is such a place; for tests of what is written, not of whether it lasts. */
export function memoryDir(): string {
  return make(existsSync(MEMORY) ? MEMORY : tmpdir());
}

/** Mode 0700. Removed after the test that asked for it. */
export function tempDir(): string {
  return make(tmpdir());
}

function make(parent: string): string {
  const dir = realpathSync(mkdtempSync(join(parent, 'claude-relay-test-')));
  made.push(dir);
  return dir;
}

afterEveryTest(() => {
  // What was killed may still be writing its last file.
  for (const dir of made.splice(0)) rmSync(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
});
