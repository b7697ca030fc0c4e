/**
 * Puts a copy in the place of the data. Whoever dies meanwhile leaves the old data or the new ones, never neither:
 *
 *     copy, migrate, check, new epoch ─→ restored.sqlite appears, whole (one rename) ─→ the old file goes aside ─→ the new one
 *                                        from here on it is the data: whoever opens them next finishes the rest
 *
 * The new epoch tells every client that positions start anew and that something may be missing.
 */
import { copyFileSync, existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { adoptRestored, RESTORED } from '../journal/adopt.ts';
import { openDatabase } from '../journal/driver.ts';
import { State } from '../state/state.ts';
import { Failure } from '../util/failure.ts';
import { createPrivate, ensurePrivateDir, syncDir } from '../util/files.ts';
import { instanceId, type Random } from '../util/random.ts';
import { syncFile } from './copy.ts';
import { type Verified, verifyData } from './verify.ts';

/**
 * `dir` is that of the data, and no relay runs on it: the caller holds its lock. Answers what was put there, and where
 * the old data are now. Throws a Failure, having changed nothing, for a copy that is not whole.
 */
export async function restoreData(
  dir: string,
  copy: string,
  random: Random,
): Promise<{ readonly verified: Verified; readonly aside: string | undefined }> {
  if (!existsSync(copy)) throw new Failure('error', `There is no file ${copy}.`);
  ensurePrivateDir(dir);
  const temporary = join(dir, 'restoring.sqlite');
  for (const end of ['', '-wal', '-shm', '-journal']) rmSync(`${temporary}${end}`, { force: true });
  try {
    // Made first, so that the bytes never lie in a file that others can read.
    createPrivate(temporary, '');
    copyFileSync(copy, temporary);
    const verified = await prepare(temporary, copy, random);
    syncFile(temporary);
    renameSync(temporary, join(dir, RESTORED));
    syncDir(dir);
    return { verified, aside: adoptRestored(dir) };
  } finally {
    rmSync(temporary, { force: true });
  }
}

async function prepare(temporary: string, named: string, random: Random): Promise<Verified> {
  try {
    await begin(temporary, instanceId(random));
    const verified = await verifyData(temporary);
    // Single messages that were damaged are contained; what does not fit together is not.
    if (verified.problems.length > 0) throw new Error(verified.problems[0]);
    return verified;
  } catch (error) {
    if (error instanceof Failure) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new Failure('error', `${named} cannot be restored: ${why}`, 'Use another copy.', error);
  }
}

/** Migrates it to this version, and begins a new epoch: its positions are not those that clients know. */
async function begin(path: string, epoch: string): Promise<void> {
  const database = await openDatabase(path);
  try {
    // One file, without a log beside it that a rename would leave behind.
    database.exec('PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL');
    const { user_version: version } = database.prepare('PRAGMA user_version').get() as { user_version: number };
    if (version === 0) throw new Error('it holds no data of a relay.');
    const state = new State(database);
    database.exec('BEGIN IMMEDIATE');
    state.apply({ type: 'found', epoch });
    database.exec('COMMIT');
  } finally {
    database.close();
  }
}
