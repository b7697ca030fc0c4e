/**
 * Puts a copy in the place of the data. Whoever dies meanwhile leaves the old data or the new ones, never neither:
 *
 *     copy, migrate, check, new epoch ─→ restored.sqlite appears, whole (one rename) ─→ the old file goes aside ─→ the new one
 *                                        from here on it is the data: whoever opens them next finishes the rest
 *
 * The new epoch tells every client that positions start anew and that something may be missing.
 */
import { chmodSync, constants, copyFileSync, existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { adoptRestored, clearRestoring, DATA, LOGS, newMark, RESTORED, RESTORING, strayOf } from '../journal/adopt.ts';
import { problemOf } from '../journal/damage.ts';
import { openDatabase } from '../journal/driver.ts';
import { lostPages } from '../journal/log-check.ts';
import { SCHEMA_VERSION } from '../state/schema.ts';
import { State } from '../state/state.ts';
import { Failure, reason } from '../util/failure.ts';
import { ensurePrivateDir, syncDir, syncFile } from '../util/files.ts';
import { instanceId, type Random } from '../util/random.ts';
import { checkFile } from './reading.ts';
import { type Verified, verifyData } from './verify.ts';

/**
 * `dir` is that of the data, and no relay runs on it: the caller holds its lock, and has finished an earlier restore. Answers
 * what was put there, and where the old data are now. Throws a Failure, having changed nothing, for a copy that is not whole.
 */
export async function restoreData(
  dir: string,
  copy: string,
  random: Random,
): Promise<{ readonly verified: Verified; readonly aside: string | undefined }> {
  checkSource(copy);
  ensurePrivateDir(dir);
  checkWay(dir);
  const temporary = join(dir, RESTORING);
  clearRestoring(dir);
  try {
    for (const end of ['', ...LOGS])
      if (existsSync(`${copy}${end}`)) copyPrivate(`${copy}${end}`, `${temporary}${end}`);
    const verified = await prepare(temporary, copy, random);
    syncFile(temporary);
    const hadData = existsSync(join(dir, DATA));
    if (!hadData) dropLogs(dir);
    renameSync(temporary, join(dir, RESTORED));
    syncDir(dir);
    const aside = await adoptRestored(dir);
    return { verified, aside: hadData ? aside : undefined };
  } finally {
    clearRestoring(dir);
  }
}

function checkSource(copy: string): void {
  checkFile(copy);
  if (lostPages(`${copy}-wal`) === 0) return;
  throw new Failure(
    'damaged',
    `The end of the log of ${copy} was damaged on the disk.`,
    `Use another copy; or do without what is in the log: move ${copy}-wal elsewhere.`,
  );
}

function checkWay(dir: string): void {
  const stray = strayOf(dir);
  if (stray === undefined) return;
  throw new Failure('error', `${stray} was made by no restore, and is in its way.`, 'Move it to another directory.');
}

/** Into a directory that is ours alone. The mode would be that of the copy. */
function copyPrivate(from: string, to: string): void {
  copyFileSync(from, to, constants.COPYFILE_EXCL);
  chmodSync(to, 0o600);
}

/** A log without its file is of no use, and must not become that of another one. */
function dropLogs(dir: string): void {
  for (const end of LOGS) rmSync(join(dir, `${DATA}${end}`), { force: true });
}

async function prepare(temporary: string, named: string, random: Random): Promise<Verified> {
  try {
    await begin(temporary, random);
    const verified = await verifyData(temporary);
    // Single messages that were damaged are contained; what does not fit together is not.
    if (verified.problems[0] !== undefined) throw unfit(verified.problems[0]);
    return verified;
  } catch (error) {
    const told = error instanceof Failure ? error : unfit(problemOf(error) ?? reason(error), error);
    throw new Failure('error', `${named} cannot be restored: ${told.message}`, told.remedy, error);
  }
}

function unfit(why: string, cause?: unknown): Failure {
  return new Failure('error', why, 'Use another copy.', cause);
}

/** Migrates it to this version, and begins a new epoch: its positions are not those that clients know. */
async function begin(path: string, random: Random): Promise<void> {
  const database = await openDatabase(path);
  try {
    // One file, without a log beside it that a rename would leave behind.
    database.exec('PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL');
    const { user_version: version } = database.prepare('PRAGMA user_version').get() as { user_version: number };
    if (version < 1) throw unfit('it holds no data of a relay.');
    if (version > SCHEMA_VERSION)
      throw new Failure('error', 'it was written by a later version.', 'Update claude-relay first.');
    const state = new State(database);
    database.exec(`BEGIN IMMEDIATE; PRAGMA application_id = ${newMark(random)}`);
    state.apply({ type: 'found', epoch: instanceId(random) });
    database.exec('COMMIT');
  } finally {
    database.close();
  }
}
