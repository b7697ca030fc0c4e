/** Opens a journal: the file, its settings, its tables, and the first command of a new history. */
import { copyFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { checkTables, migrate } from '../state/schema.ts';
import { State } from '../state/state.ts';
import type { Database } from '../state/store.ts';
import { type Clock, systemClock } from '../util/clock.ts';
import { checkPrivateFile, createPrivate, ensurePrivateDir, syncDir } from '../util/files.ts';
import { instanceId, type Random, systemRandom } from '../util/random.ts';
import { adoptRestored, DATA, strayOf, whereAside } from './adopt.ts';
import { asDamage, damaged, damageIn, rowDamageIn } from './damage.ts';
import { ensureDatabaseFile } from './database-file.ts';
import { DiskLog } from './disk-log.ts';
import { loadDriver, openDatabase } from './driver.ts';
import { type FullText, fullTextOf } from './full-text.ts';
import type { Journal } from './journal.ts';
import { LocalJournal } from './local.ts';
import { lostPages } from './log-check.ts';
import { MemoryJournal } from './memory.ts';
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
  /** The code of the thread that moves the log into the tables (`src/checkpoint.ts`); without it this thread does. */
  readonly checkpointThread?: URL | undefined;
  /** Called when the data are too large to be checked before they are used: whoever gives this checks them meanwhile. Without it all are. */
  readonly checkLater?: (() => void) | undefined;
}

/** Bytes that are checked before they are used: some 50 ms. Of more than that only what is summed by row. */
const LARGE = 8 * 1024 * 1024;

/** Pages of the log after which SQLite moves it into the tables by itself, at a commit: 16 MiB; with a thread for it, only where that failed. */
const PAGES = 4_000;
const BACKSTOP = 16_000;

/**
 * The journal syncs the log after every commit (`disk-log.ts`): an answered send survives a power cut. What is deleted is
 * overwritten: sending and receipts cost no more by it (20,000 messages: 2.0 s of CPU without it, 1.9 with it), forgetting does.
 */
const SETTINGS = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  PRAGMA foreign_keys = OFF;
  PRAGMA busy_timeout = 1000;
  PRAGMA cache_size = -16384;
  PRAGMA temp_store = MEMORY;
  PRAGMA secure_delete = ON;
`;

export async function openJournal(options: OpenOptions): Promise<Journal> {
  ensurePrivateDir(options.dir);
  await finishRestore(options);
  const path = join(options.dir, DATA);
  ensureDatabaseFile(path);
  const open = await loadDriver();
  const lost = lostPages(`${path}-wal`);
  // SQLite will throw away what it does not read of it.
  if (lost > 0) keepLog(options.dir, `${path}-wal`);
  const { clock = systemClock, onTrouble, searchThread, checkpointThread } = options;
  const pages = checkpointThread ? BACKSTOP : PAGES;
  const isLarge = options.checkLater !== undefined && statSync(path).size > LARGE;
  const state = new State(usable(open(path), { pages, isChecked: !isLarge }));
  const files = { tables: path, words: join(options.dir, 'search.sqlite') };
  const search = searchThread
    ? new SearchThread({ script: searchThread, files, clock, newest: state.position })
    : new InlineSearch(fullTextOf(open, { ...files, ...(isLarge ? {} : { newest: state.position }) }), closeText);
  const log = new DiskLog({ path, store: state.store, clock, checkpointThread, onTrouble });
  let epoch: string | undefined;
  const reopen = () => {
    log.release();
    checkPrivateFile(path);
    return sameData(usable(open(path), { pages, isChecked: true }), epoch);
  };
  const journal = new LocalJournal(state, clock, { search, log, reopen, onTrouble });
  const random = options.random ?? systemRandom;
  await found(journal, random);
  if (lost > 0) {
    await lostSome(journal, random, lost, onTrouble);
    forgetLost(state);
  }
  epoch = state.epoch;
  if (isLarge) options.checkLater?.();
  // A new file is only there after a power cut when its directory was synced.
  syncDir(options.dir);
  return journal;
}

async function finishRestore({ dir, onTrouble }: OpenOptions): Promise<void> {
  const aside = await adoptRestored(dir);
  if (aside !== undefined) onTrouble?.(`a restore was finished; what was there before is in ${whereAside(aside)}`);
  const stray = strayOf(dir);
  if (stray !== undefined) onTrouble?.(`${stray} was made by no restore, and is left alone`);
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

/** Once it is said: what lies behind the damage would be found again after the next crash, and said again. */
function forgetLost({ store }: State): void {
  try {
    store.getWritten('PRAGMA wal_checkpoint(TRUNCATE)');
  } catch {
    // Best effort: then it is said again, which is better than not at all. The journal has heard of the error.
  }
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

/** A disk that went away takes its data along, and must come back with them. */
function sameData(database: Database, epoch: string | undefined): Database {
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
function usable(database: Database, { pages, isChecked }: { pages: number; isChecked: boolean }): Database {
  try {
    database.exec(`${SETTINGS} PRAGMA wal_autocheckpoint = ${pages}`);
    const damage = isChecked ? damageIn(database) : rowDamageIn(database);
    if (damage !== undefined) throw damaged(damage);
    migrate(database);
    checkTables(database);
    return database;
  } catch (error) {
    database.close();
    throw asDamage(error);
  }
}

async function found(journal: Journal, random: Random): Promise<void> {
  if (journal.state.epoch === undefined) await journal.submit({ type: 'found', epoch: instanceId(random) });
}
