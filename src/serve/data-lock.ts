/**
 * One relay a data directory. The lock is an open transaction on a small database of its own: the system gives it
 * back when its process ends, however it ends, so no lock is ever stale and no process id is believed.
 */
import { join } from 'node:path';
import { ensureDatabaseFile } from '../journal/database-file.ts';
import { openDatabase } from '../journal/driver.ts';
import { Failure } from '../util/failure.ts';

export interface DataLock {
  /** May be called twice. */
  release(): void;
}

/** Throws a Failure when another process holds it. `dir` exists and is private. */
export async function lockData(dir: string, holder: () => string | undefined): Promise<DataLock> {
  const path = join(dir, 'relay.lock');
  ensureDatabaseFile(path);
  const database = await openDatabase(path);
  try {
    // The journal stays in memory: nothing is ever written here, the lock is all that is wanted.
    database.exec('PRAGMA journal_mode = MEMORY; PRAGMA busy_timeout = 200; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (!/locked|busy/i.test(String(error))) throw error;
    const who = holder() ?? 'Another relay';
    throw new Failure(
      'error',
      `${who} already uses ${dir}.`,
      'Use that one, stop it, or give this one its own directory with --data.',
    );
  }
  let isHeld = true;
  return {
    release() {
      if (isHeld) database.close();
      isHeld = false;
    },
  };
}
