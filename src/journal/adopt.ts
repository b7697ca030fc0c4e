/**
 * Finishes a restore (`data/restore.ts`): from the moment that `restored.sqlite` is there, it is the data.
 *
 *     relay.sqlite → replaced-N.sqlite ─→ its log follows ─→ restored.sqlite → relay.sqlite ─→ the log goes into replaced-N.sqlite
 *
 * Each restore marks its file (`PRAGMA application_id`; sqlite.org/fileformat2.html, section 1.3.15). The mark stays in the data and
 * in every copy of them: what is called `restored.sqlite` and has none, or that of the data, is somebody's own and left alone.
 */
import { closeSync, existsSync, openSync, readdirSync, readSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { checkPrivateFile, syncDir } from '../util/files.ts';
import type { Random } from '../util/random.ts';
import { openDatabase } from './driver.ts';
import { lostPages } from './log-check.ts';

export const DATA = 'relay.sqlite';
export const RESTORED = 'restored.sqlite';
/** What a restore works on. Hidden, as nobody calls a file of his own: whoever holds the lock of the data removes it. */
export const RESTORING = '.restoring.sqlite';

/** What SQLite may have left beside a file that belongs to it: without them it is another one. */
export const LOGS = ['-wal', '-journal'] as const;

/**
 * Moves the old file and its log aside and the restored one into its place. May die at any step: the next one goes on.
 * Answers where the old data are now; undefined when there were none, or nothing was to be done. The caller holds the lock.
 */
export async function adoptRestored(dir: string): Promise<string | undefined> {
  clearRestoring(dir);
  if (!isWaiting(dir)) return undefined;
  const aside = moveAside(dir);
  renameSync(join(dir, RESTORED), join(dir, DATA));
  syncDir(dir);
  if (aside !== undefined) await fold(aside);
  return aside;
}

/** After `adoptRestored`: what is in the way of the next restore. */
export function strayOf(dir: string): string | undefined {
  const path = join(dir, RESTORED);
  return existsSync(path) ? path : undefined;
}

/** Removes a copy that was not finished. */
export function clearRestoring(dir: string): void {
  for (const end of ['', '-shm', ...LOGS]) rmSync(join(dir, `${RESTORING}${end}`), { force: true });
}

/** The names of the files in which they are. */
export function whereAside(aside: string): string {
  return existsSync(`${aside}-wal`) ? `${aside} and ${aside}-wal` : aside;
}

/** Of one restore; never 0. */
export function newMark(random: Random): number {
  return (Buffer.from(random.bytes(4)).readUInt32BE(0) >>> 1) | 1;
}

function isWaiting(dir: string): boolean {
  const restored = join(dir, RESTORED);
  if (!existsSync(restored)) return false;
  checkPrivateFile(restored);
  const mark = markOf(restored);
  return mark !== 0 && mark !== markOf(join(dir, DATA));
}

/** The file first: as long as its log is in the old place, it belongs to the newest of those that were put aside. */
function moveAside(dir: string): string | undefined {
  const data = join(dir, DATA);
  const hasData = existsSync(data);
  const aside = join(dir, `replaced-${newestAside(dir) + (hasData ? 1 : 0)}.sqlite`);
  if (hasData) renameSync(data, aside);
  syncDir(dir);
  for (const end of LOGS) if (existsSync(`${data}${end}`)) renameSync(`${data}${end}`, `${aside}${end}`);
  rmSync(`${data}-shm`, { force: true });
  syncDir(dir);
  return existsSync(aside) ? aside : undefined;
}

/** A log whose file somebody has removed counts, too: it must not become that of another one. */
function newestAside(dir: string): number {
  const numbers = readdirSync(dir).map((name) => Number(/^replaced-(\d+)\.sqlite/.exec(name)?.[1] ?? 0));
  return Math.max(0, ...numbers);
}

/** Makes one file of it and its log, so that nobody takes one without the other. */
async function fold(path: string): Promise<void> {
  const log = `${path}-wal`;
  // Of a damaged log, and of one beside a file that is empty or none of its own, SQLite would throw away what it does not read.
  if (!existsSync(log) || headerOf(path) === undefined || lostPages(log) > 0) return;
  try {
    const database = await openDatabase(path);
    try {
      database.exec('PRAGMA journal_mode = DELETE');
    } finally {
      database.close();
    }
  } catch {
    // Best effort: they stay two files, and `restore` takes both.
  }
}

const MAGIC = 'SQLite format 3\0';
const HEADER = 100;
const MARK_AT = 68;

/** 0 when it has none, or is no database. Read from the bytes: SQLite would write, and begin with the log. */
function markOf(path: string): number {
  return headerOf(path)?.readInt32BE(MARK_AT) ?? 0;
}

/** Undefined for what is no database, or not there. */
function headerOf(path: string): Buffer | undefined {
  if (!existsSync(path)) return undefined;
  const header = Buffer.alloc(HEADER);
  const fd = openSync(path, 'r');
  try {
    readSync(fd, header, 0, HEADER, 0);
  } finally {
    closeSync(fd);
  }
  return header.toString('latin1', 0, MAGIC.length) === MAGIC ? header : undefined;
}
