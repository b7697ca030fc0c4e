/**
 * Writes what `change.ts` worked out: all of it, or nothing.
 *
 *     backup of every file → record (install) → each file: still as it was read? temporary file, fsync, rename
 *                                             → record (uninstall)
 *
 * Killed at any point, every file is its old or its new text, and the record knows of at least what was written; doing it
 * again finishes it. A file that somebody else changed meanwhile ends it, and what was written before is taken back.
 */
import { mkdirSync, readdirSync, rmdirSync, rmSync, statSync, unlinkSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { ensureHome, statePaths } from '../../config/paths.ts';
import { type Clock, sleep } from '../../util/clock.ts';
import { errno, Failure } from '../../util/failure.ts';
import { ensurePrivateDir, replaceAtomic, syncDir, writeAtomic } from '../../util/files.ts';
import { withLock } from '../../util/lock.ts';
import { type Change, kindOf } from './change.ts';
import { type Installed, readRecord, writeRecord } from './record.ts';
import { readTarget, type Target } from './target.ts';

/** Backups that are kept. */
const KEPT = 20;
/** How long a program may hold the lock of one of its files, and after how long it has died with it. Milliseconds. */
const PATIENCE_MS = 3_000;
const STALE_MS = 10_000;
const RETRY_MS = 25;

export interface Disk {
  replace(target: Target, text: string): void;
  remove(target: Target): void;
}

export const realDisk: Disk = {
  replace: ({ real, stats }, text) => replaceAtomic(real, text, stats),
  remove({ real }) {
    unlinkSync(real);
    syncDir(dirname(real));
  },
};

interface TransactionInput {
  readonly home: string;
  readonly clock: Clock;
  readonly disk?: Disk;
}

/** Another process changed a file between reading and writing. Reading it again may help. */
export class ChangedMeanwhile extends Failure {
  constructor(path: string) {
    super('error', `${path} was changed by another program just now.`, 'Nothing was written. Try again.');
  }
}

/** Works out the changes with the record in hand, and writes them. Answers them, and where the backup is. */
export async function transact(
  plan: (record: readonly Installed[]) => readonly Change[],
  { home, clock, disk = realDisk }: TransactionInput,
): Promise<{ readonly changes: readonly Change[]; readonly backup: string | undefined }> {
  const paths = ensureHome(home);
  return withLock(join(home, 'install.lock'), async () => {
    const record = readRecord(paths.installed);
    const changes = plan(record);
    const touched = changes.filter((change) => kindOf(change) !== 'unchanged');
    const backup = backUp(paths.backups, touched, clock);
    const kept = record.filter((each) => !changes.some(({ plan: { path } }) => path === each.path));
    const added = changes.flatMap(({ installed }) => installed ?? []);
    const leaving = record.filter(({ path }) =>
      changes.some((change) => change.plan.path === path && !change.installed),
    );
    if (added.length > 0) writeRecord(paths.installed, [...kept, ...leaving, ...added]);
    try {
      await writeAll(touched, disk, clock);
    } catch (error) {
      if (added.length > 0) writeRecord(paths.installed, record);
      throw error;
    }
    if (leaving.length > 0) writeRecord(paths.installed, [...kept, ...added]);
    return { changes, backup };
  });
}

async function writeAll(changes: readonly Change[], disk: Disk, clock: Clock): Promise<void> {
  const done: Change[] = [];
  try {
    for (const change of changes) {
      for (const dir of change.after === undefined ? [] : change.dirs) mkdirSync(dir, { mode: 0o700, recursive: true });
      await locked(change.plan.lock, clock, () => write(change, disk, done));
    }
  } catch (error) {
    // Best-effort: what failed is what is told.
    for (const change of done.reverse()) undo(change);
    for (const { target, dirs } of changes) if (target.text === undefined) removeEmpty(dirs);
    throw error;
  }
  for (const { after, dirs } of changes) if (after === undefined) removeEmpty(dirs);
}

function write(change: Change, disk: Disk, done: Change[]): void {
  const { target, after } = change;
  if (readTarget(target.path).text !== target.text) throw new ChangedMeanwhile(target.path);
  if (after === undefined) disk.remove(target);
  else disk.replace(target, after);
  done.push(change);
}

function undo({ target, after }: Change): void {
  try {
    if (readTarget(target.path).text !== after) return;
    if (target.text === undefined) realDisk.remove(target);
    else realDisk.replace(target, target.text);
  } catch {
    // The backup has it.
  }
}

/** The innermost first. Somebody else may have put something in. */
function removeEmpty(dirs: readonly string[]): void {
  for (const dir of [...dirs].reverse()) {
    try {
      rmdirSync(dir);
    } catch {
      return;
    }
  }
}

/** Claude Code makes a directory beside the file while it writes; so do we, and it waits. */
async function locked(lock: string | undefined, clock: Clock, work: () => void): Promise<void> {
  if (lock === undefined) return work();
  const end = clock.monotonic() + PATIENCE_MS;
  while (!made(lock)) {
    const age = clock.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? clock.now());
    if (age > STALE_MS) rmSync(lock, { recursive: true, force: true });
    else if (clock.monotonic() >= end)
      throw new Failure('error', `${lock} is held by another program.`, 'Nothing was written. Try again.');
    else await sleep(clock, RETRY_MS);
  }
  try {
    work();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

function made(lock: string): boolean {
  try {
    mkdirSync(lock);
    return true;
  } catch (error) {
    if (errno(error) === 'EEXIST') return false;
    throw error;
  }
}

/** `<backups>/<time>/<the file's own path>`, 0600: such files hold keys. Answers the directory, if there was anything to keep. */
function backUp(backups: string, changes: readonly Change[], clock: Clock): string | undefined {
  const old = changes.filter(({ target }) => target.text !== undefined);
  if (old.length === 0) return undefined;
  ensurePrivateDir(backups);
  prune(backups);
  const dir = join(backups, new Date(clock.now()).toISOString().replaceAll(':', '-'));
  for (const { target } of old) {
    const copy = join(dir, relative(resolve(target.real, '/'), target.real));
    ensurePrivateDir(dirname(copy));
    writeAtomic(copy, target.text ?? '');
  }
  return dir;
}

/** Names sort by time. */
function prune(backups: string): void {
  const names = readdirSync(backups).sort();
  for (const name of names.slice(0, Math.max(0, names.length - KEPT + 1)))
    rmSync(join(backups, name), { recursive: true });
}

/** For those who only want to look: no lock, no directory is made. */
export function recordOf(home: string): readonly Installed[] {
  return readRecord(statePaths(home).installed);
}
