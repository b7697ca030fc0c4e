/**
 * Writes what `change.ts` worked out: all of it, or nothing.
 *
 *     backup of every file → record (install) → each file: still as it was read? temporary file, fsync, rename
 *                                             → record (uninstall)
 *
 * Killed at any point, every file is its old or its new text, and the record knows of at least what was written; doing it
 * again finishes it. A file that somebody else changed meanwhile ends it, and what was written before is taken back.
 */
import { existsSync, mkdirSync, readdirSync, rmdirSync, rmSync, statSync, unlinkSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { ensureHome, statePaths } from '../../config/paths.ts';
import { type Clock, sleep } from '../../util/clock.ts';
import { errno, Failure } from '../../util/failure.ts';
import { ensurePrivateDir, replaceAtomic, syncDir, writeAtomic } from '../../util/files.ts';
import { withLock } from '../../util/lock.ts';
import { type Change, kindOf } from './change.ts';
import { type Installed, type Record, readRecord, writeRecord } from './record.ts';
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

interface Transacted {
  readonly changes: readonly Change[];
  /** Where the files are as they were. */
  readonly backup: string | undefined;
}

/** Works out the changes with the record in hand, and writes them. */
export async function transact(
  plan: (files: readonly Installed[]) => readonly Change[],
  { home, clock, disk = realDisk }: TransactionInput,
): Promise<Transacted> {
  const paths = ensureHome(home);
  return withLock(join(home, 'install.lock'), async () => {
    const record = readRecord(paths.installed);
    const changes = plan(record.files);
    const touched = changes.filter((change) => kindOf(change) !== 'unchanged');
    const backup = backUp(paths.backups, touched, clock);
    const keep = (from: Record, to: Record) => {
      if (!isDeepStrictEqual(from, to)) writeRecord(paths.installed, to);
    };
    const during = withAdded(record, changes);
    keep(record, during);
    try {
      await writeAll(touched, disk, clock);
    } catch (error) {
      keep(during, record);
      throw error;
    }
    keep(during, withoutTaken(during, changes));
    return { changes, backup };
  });
}

/** While files are being written: with what is added, and still with what goes. */
function withAdded({ files, dirs }: Record, changes: readonly Change[]): Record {
  const added = changes.flatMap(({ installed }) => installed ?? []);
  const others = files.filter(({ path }) => !added.some((each) => each.path === path));
  return { files: [...others, ...added], dirs: [...new Set([...dirs, ...changes.flatMap((change) => change.dirs)])] };
}

/** Also removes the directories that we made, where nothing is in them any more. */
function withoutTaken({ files, dirs }: Record, changes: readonly Change[]): Record {
  const taken = changes.filter(({ installed }) => installed === undefined).map(({ plan }) => plan.path);
  if (taken.length > 0) removeEmpty([...dirs].sort((a, b) => a.length - b.length));
  return { files: files.filter(({ path }) => !taken.includes(path)), dirs: dirs.filter((dir) => existsSync(dir)) };
}

async function writeAll(changes: readonly Change[], disk: Disk, clock: Clock): Promise<void> {
  const done: Change[] = [];
  try {
    for (const change of changes) {
      for (const dir of change.dirs) mkdirSync(dir, { mode: 0o700, recursive: true });
      await locked(change.plan.lock, clock, () => write(change, disk, done));
    }
  } catch (error) {
    // Best-effort: what failed is what is told.
    for (const change of done.reverse()) undo(change);
    removeEmpty(changes.flatMap(({ dirs }) => dirs));
    throw error;
  }
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

/** From the last to the first. Somebody else may have put something in, or have removed it. */
function removeEmpty(dirs: readonly string[]): void {
  for (const dir of [...dirs].reverse()) {
    try {
      rmdirSync(dir);
    } catch {
      // See above.
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
  return readRecord(statePaths(home).installed).files;
}
