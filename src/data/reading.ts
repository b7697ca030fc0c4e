/** Opens the relay's data to read them: beside the relay that writes them, without keeping it waiting. */
import { accessSync, constants, statSync } from 'node:fs';
import { openDatabase } from '../journal/driver.ts';
import { rollback } from '../journal/recovery.ts';
import { SCHEMA_VERSION } from '../state/schema.ts';
import { Store } from '../state/store.ts';
import { errno, Failure } from '../util/failure.ts';

/** Everything that `read` sees is of one moment. The file is closed again, whatever happens. */
export async function reading<T>(path: string, read: (store: Store) => T | Promise<T>): Promise<T> {
  checkFile(path);
  const database = await openDatabase(path);
  try {
    database.exec('PRAGMA query_only = ON; PRAGMA busy_timeout = 5000; BEGIN');
    const store = new Store(database);
    checkVersion(store, path);
    return await read(store);
  } finally {
    rollback(database);
    database.close();
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
