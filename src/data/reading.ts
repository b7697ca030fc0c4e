/** Opens the relay's data to read them: beside the relay that writes them, without keeping it waiting. */
import { accessSync, constants, statSync } from 'node:fs';
import { openDatabase } from '../journal/driver.ts';
import { rollback } from '../journal/recovery.ts';
import { SCHEMA_VERSION } from '../state/schema.ts';
import { type Database, Store } from '../state/store.ts';
import { errno, Failure } from '../util/failure.ts';

/** Everything that `read` sees is of one moment, and it waits for nobody: a log that is read cannot begin anew. The file is closed again, whatever happens. */
export async function reading<T>(path: string, read: (store: Store) => T): Promise<T> {
  const database = await opened(path);
  try {
    return atOneMoment(new Store(database), path, read);
  } finally {
    database.close();
  }
}

/** As `reading`, in pieces: each is of one moment, and while the next is not asked for nothing is held. */
export async function* readingOn<T>(path: string, read: (store: Store) => Iterator<T>): AsyncGenerator<T> {
  const database = await opened(path);
  try {
    const store = new Store(database);
    const pieces = read(store);
    for (;;) {
      const piece = atOneMoment(store, path, () => pieces.next());
      if (piece.done) return;
      yield piece.value;
    }
  } finally {
    database.close();
  }
}

function opened(path: string): Promise<Database> {
  checkFile(path);
  return openDatabase(path);
}

function atOneMoment<T>(store: Store, path: string, look: (store: Store) => T): T {
  const { database } = store;
  try {
    database.exec('PRAGMA query_only = ON; PRAGMA busy_timeout = 5000; BEGIN');
    checkVersion(store, path);
    return look(store);
  } finally {
    rollback(database);
    // Of another moment, the next time.
    store.forget();
  }
}

/** Throws a Failure for what is no file, or cannot be read: SQLite says neither. */
export function checkFile(path: string): void {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats) throw new Failure('error', `There is no file ${path}.`);
  if (stats.isDirectory()) throw new Failure('error', `${path} is a directory.`, 'Name a file in it.');
  try {
    accessSync(path, constants.R_OK);
  } catch (error) {
    throw new Failure('error', `${path} cannot be read (${errno(error)}).`, undefined, error);
  }
}

function checkVersion(store: Store, path: string): void {
  const version = store.get<{ user_version: number }>('PRAGMA user_version')?.user_version ?? 0;
  if (version === SCHEMA_VERSION) return;
  if (version < 1) throw new Failure('error', `${path} holds no data of a relay.`);
  const [which, todo] =
    version > SCHEMA_VERSION
      ? ['a later', 'Update claude-relay first.']
      : ['an earlier', 'A relay of this version brings them up to date when it starts, and so does `restore`.'];
  throw new Failure('error', `The data in ${path} were written by ${which} version.`, todo);
}
