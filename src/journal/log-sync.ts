/**
 * Puts the write-ahead log on the disk. SQLite would with `synchronous=FULL`, by `fsync`; that also writes down when the
 * file was written, which is a second journey of the disk for each commit. Its bytes are enough: `fdatasync`.
 *
 * With `synchronous=NORMAL` SQLite itself syncs where it must: the log before a checkpoint, the tables after it, and the
 * head of a log that begins anew.
 */
import { closeSync, fdatasyncSync, openSync } from 'node:fs';

export class LogSync {
  readonly #path: string;
  #fd: number | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** Returns when everything that was committed is on the disk. Throws the system's error; then nobody knows what is. */
  sync(): void {
    this.#fd ??= openSync(this.#path, 'r+');
    fdatasyncSync(this.#fd);
  }

  /** The next sync opens the file that is there then. May be called twice. */
  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }
}
