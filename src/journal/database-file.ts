/** SQLite follows links, and gives its log files the mode of the database: so both are looked at, or made, before it opens them. */
import { errno } from '../util/failure.ts';
import { checkPrivateFile, createPrivate } from '../util/files.ts';

/** What SQLite keeps beside a database. */
const BESIDE = ['-wal', '-shm', '-journal'];

/** Makes the file, 0600 and empty, or checks the one that is there; throws an `unsafe` Failure for a link, or one that others can reach. */
export function ensureDatabaseFile(path: string): void {
  if (!createPrivate(path, '')) checkPrivateFile(path);
  for (const end of BESIDE) checkIfThere(`${path}${end}`);
}

function checkIfThere(path: string): void {
  try {
    checkPrivateFile(path);
  } catch (error) {
    if (errno(error) !== 'ENOENT') throw error;
  }
}
