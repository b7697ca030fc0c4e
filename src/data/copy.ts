/** A copy of the data as they are at one moment, in one file, while the relay goes on writing. */
import { closeSync, openSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { openDatabase } from '../journal/driver.ts';
import { errno, Failure } from '../util/failure.ts';
import { syncDir, syncFile } from '../util/files.ts';

/** Mode 0600, durable when it resolves. Throws a Failure when there is something at `to` already; leaves nothing half done. */
export async function copyData(from: string, to: string): Promise<void> {
  makeEmpty(to);
  try {
    const database = await openDatabase(from);
    try {
      database.exec('PRAGMA busy_timeout = 5000');
      // Into the empty file: reads one snapshot, leaves out what is free, and keeps nobody from writing.
      database.prepare('VACUUM INTO ?').run(to);
    } finally {
      database.close();
    }
    syncFile(to);
    syncDir(dirname(to));
  } catch (error) {
    // SQLite leaves its journal when there is no room for the copy.
    for (const end of ['', '-journal']) rmSync(`${to}${end}`, { force: true });
    throw error;
  }
}

function makeEmpty(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if (errno(error) !== 'EEXIST') throw error;
    throw new Failure('error', `${path} is there already.`, 'Choose another file.', error);
  }
}
