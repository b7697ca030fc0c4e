/** Copies of the data on their way out: each in a directory of its own beside the data, until it was sent. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** How their directories begin. */
const COPIES = '.backup-';

/** A new one in `dir`, which is the relay's own. */
export function newCopyDir(dir: string): string {
  return mkdtempSync(join(dir, COPIES));
}

/** Removes what a process left behind which died while it sent them. */
export function clearCopies(dir: string): void {
  for (const name of readdirSync(dir))
    if (name.startsWith(COPIES)) rmSync(join(dir, name), { recursive: true, force: true });
}
