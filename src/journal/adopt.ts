/** Finishes a restore (`data/restore.ts`): from the moment that `restored.sqlite` is there, it is the data. */
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { syncDir } from '../util/files.ts';

export const DATA = 'relay.sqlite';
export const RESTORED = 'restored.sqlite';

/**
 * Moves the old file and its log aside and the restored one into its place. May die at any step: the next one goes on.
 * Answers where the old data are now; undefined when there were none, or nothing was to be done.
 */
export function adoptRestored(dir: string): string | undefined {
  const restored = join(dir, RESTORED);
  if (!existsSync(restored)) return undefined;
  const data = join(dir, DATA);
  const aside = freeName(dir);
  // The log first: whoever finds the old file without it must not take it for the data, and does not, while the new one waits.
  if (existsSync(`${data}-wal`)) renameSync(`${data}-wal`, `${aside}-wal`);
  rmSync(`${data}-shm`, { force: true });
  const hadData = existsSync(data);
  if (hadData) renameSync(data, aside);
  syncDir(dir);
  renameSync(restored, data);
  syncDir(dir);
  return hadData ? aside : undefined;
}

/** The same at each try of one restore: its log may lie there already, its file does not. */
function freeName(dir: string): string {
  for (let n = 1; ; n++) {
    const path = join(dir, `replaced-${n}.sqlite`);
    if (!existsSync(path)) return path;
  }
}
