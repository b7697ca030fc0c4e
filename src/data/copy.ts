/** A copy of the data as they are at one moment, in one file, while the relay goes on writing. */
import { closeSync, constants, fsyncSync, openSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { openDatabase } from '../journal/driver.ts';
import { Failure } from '../util/failure.ts';
import { createPrivate, syncDir } from '../util/files.ts';

/** Mode 0600, durable when it resolves. Throws a Failure when there is something at `to` already; leaves nothing half done. */
export async function copyData(from: string, to: string): Promise<void> {
  if (!createPrivate(to, '')) throw new Failure('error', `${to} is there already.`, 'Choose another file.');
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
    rmSync(to, { force: true });
    throw error;
  }
}

export function syncFile(path: string): void {
  const fd = openSync(path, constants.O_RDWR);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
