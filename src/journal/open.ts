/** Opens a journal: the file, its settings, its tables, and the first command of a new history. */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkTables, migrate } from '../state/schema.ts';
import { State } from '../state/state.ts';
import type { Database } from '../state/store.ts';
import { type Clock, systemClock } from '../util/clock.ts';
import { Failure } from '../util/failure.ts';
import { checkPrivateFile, createPrivate, ensurePrivateDir, syncDir } from '../util/files.ts';
import { instanceId, type Random, systemRandom } from '../util/random.ts';
import { adoptRestored, DATA } from './adopt.ts';
import { ensureDatabaseFile } from './database-file.ts';
import { loadDriver, openDatabase } from './driver.ts';
import { type FullText, openFullText } from './full-text.ts';
import type { Journal } from './journal.ts';
import { LocalJournal } from './local.ts';
import { lostPages } from './log-check.ts';
import { LogSync } from './log-sync.ts';
import { MemoryJournal } from './memory.ts';
import { isDamage, isForeign } from './queue.ts';
import { InlineSearch } from './search.ts';
import { SearchThread } from './search-thread.ts';

interface OpenOptions {
  /** Holds `relay.sqlite`; made 0700 when it is not there, refused when others can reach it. */
  readonly dir: string;
  readonly clock?: Clock;
  readonly random?: Random;
  /** For the log: the storage failed, or works again. */
  readonly onTrouble?: (what: string, error?: unknown) => void;
  /** The code of the thread that searches (`src/search.ts`); without it this thread does. */
  readonly searchThread?: URL | undefined;
}

/** The journal syncs the log after every commit (`log-sync.ts`): an answered send survives a power cut. */
const SETTINGS = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  PRAGMA wal_autocheckpoint = 4000;
  PRAGMA foreign_keys = OFF;
  PRAGMA busy_timeout = 1000;
  PRAGMA cache_size = -16384;
  PRAGMA temp_store = MEMORY;
`;

export async function openJournal(options: OpenOptions): Promise<Journal> {
  ensurePrivateDir(options.dir);
  adoptRestored(options.dir);
  const path = join(options.dir, DATA);
  ensureDatabaseFile(path);
  const open = await loadDriver();
  const logPath = `${path}-wal`;
  const lost = lostPages(logPath);
  // SQLite will throw away what it does not read of it.
  if (lost > 0) keepLog(options.dir, logPath);
  const { clock = systemClock, onTrouble, searchThread } = options;
  const state = new State(usable(open(path)));
  const files = { tables: path, words: join(options.dir, 'search.sqlite') };
  const search = searchThread
    ? new SearchThread({ script: searchThread, files, clock, newest: state.position })
    : new InlineSearch(() => openFullText(open, files), closeText);
  let epoch: string | undefined;
  const log = new LogSync(logPath);
  const reopen = () => {
    log.close();
    return sameData(path, open, epoch);
  };
  const journal = new LocalJournal(state, clock, { search, log, reopen, onTrouble });
  const random = options.random ?? systemRandom;
  await found(journal, random);
  if (lost > 0) await lostSome(journal, random, lost, onTrouble);
  epoch = state.epoch;
  // A new file is only there after a power cut when its directory was synced.
  syncDir(options.dir);
  return journal;
}

/** What was answered may be gone: a new epoch tells it to every client. */
async function lostSome(
  journal: Journal,
  random: Random,
  pages: number,
  onTrouble: OpenOptions['onTrouble'],
): Promise<void> {
  const what = `The end of the log was damaged on the disk: ${pages} pages that were written are lost. It lies in damaged-*.wal.`;
  onTrouble?.('data were lost', new Error(what));
  await journal.submit({ type: 'found', epoch: instanceId(random) });
}

/** For whoever wants to look what was in it. */
function keepLog(dir: string, log: string): void {
  for (let n = 1; ; n++) {
    const copy = join(dir, `damaged-${n}.wal`);
    if (!createPrivate(copy, '')) continue;
    copyFileSync(log, copy);
    return;
  }
}

const closeText = (text: FullText) => text.close();

/** Never makes a new file: a disk that went away takes its data along, and must come back with them. */
function sameData(path: string, open: (path: string) => Database, epoch: string | undefined): Database {
  checkPrivateFile(path);
  const database = usable(open(path));
  const row = database.prepare("SELECT value FROM meta WHERE key = 'epoch'").get() as { value: string } | undefined;
  if (row?.value === epoch) return emptiedLog(database);
  database.close();
  throw new Error('Other data lie in the place of those that were open.');
}

/**
 * Writes what the log has into the tables. After a sync that failed the system takes pages for written that it could not
 * write, and will not try again: from here they are written once more, to another place.
 */
function emptiedLog(database: Database): Database {
  const { busy } = database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get() as { busy: number };
  if (busy === 0) return database;
  database.close();
  throw new Error('The log could not be emptied: somebody reads it.');
}

export async function openMemoryJournal(random: Random = systemRandom): Promise<Journal> {
  const database = await openDatabase(':memory:');
  database.exec('PRAGMA foreign_keys = OFF');
  const journal = new MemoryJournal(new State(database));
  await found(journal, random);
  return journal;
}

/** Sets, checks and migrates; a file that cannot be used is closed again. */
function usable(database: Database): Database {
  try {
    database.exec(SETTINGS);
    check(database);
    migrate(database);
    checkTables(database);
    return database;
  } catch (error) {
    database.close();
    if (isDamage(error)) throw damaged('not a database, or broken pages', error);
    throw isForeign(error) ? damaged('tables that are not those of a relay', error) : error;
  }
}

/** Throws when the file is damaged. Reads the structure, not every row: a second for a gigabyte at most. */
function check(database: Database): void {
  const row = database.prepare('PRAGMA quick_check(1)').get() as { quick_check: string };
  if (row.quick_check !== 'ok') throw damaged(row.quick_check);
}

function damaged(what: string, cause?: unknown): Failure {
  const oneLine = what.replaceAll(/\s+/g, ' ');
  const remedy = 'Restore a backup (claude-relay restore FILE), or move them away to start anew.';
  return new Failure('damaged', `The relay's data are damaged (${oneLine}).`, remedy, cause);
}

async function found(journal: Journal, random: Random): Promise<void> {
  if (journal.state.epoch === undefined) await journal.submit({ type: 'found', epoch: instanceId(random) });
}
