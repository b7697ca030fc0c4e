/**
 * The write-ahead log of the tables: onto the disk after each commit, and now and then into the tables.
 *
 * SQLite would sync it by itself with `synchronous=FULL`, by `fsync`; that also writes down when the file was written, which
 * is a second journey of the disk for each commit. Its bytes are enough: `fdatasync`. With `synchronous=NORMAL` SQLite still
 * syncs where it must: the log before it is copied, the tables after it, and the head of a log that begins anew.
 */
import { closeSync, fdatasyncSync, openSync } from 'node:fs';
import type { Store } from '../state/store.ts';
import type { Clock } from '../util/clock.ts';
import { Checkpoints } from './checkpoints.ts';
import type { Log } from './local.ts';

interface Options {
  /** The file of the tables; the log lies beside it. */
  readonly path: string;
  readonly store: Store;
  readonly clock: Clock;
  /** The code of the thread that copies the log; without it SQLite does, at a commit. */
  readonly checkpointThread?: URL | undefined;
  /** For the log: that thread failed. */
  readonly onTrouble?: ((what: string, error?: unknown) => void) | undefined;
}

export class DiskLog implements Log {
  readonly #path: string;
  readonly #checkpoints: Checkpoints | undefined;
  #fd: number | undefined;

  constructor({ path, store, clock, checkpointThread: script, onTrouble }: Options) {
    this.#path = `${path}-wal`;
    const finish = () => copyRest(store);
    const empty = () => emptied(store);
    const onFailed = (why: string) => {
      onTrouble?.('the log could not be copied by its thread', new Error(why));
      copyRest(store);
    };
    this.#checkpoints = script && new Checkpoints({ script, path, clock, finish, empty, onFailed });
    // Whoever had the log before may have been killed before it was emptied.
    this.forgot();
  }

  sync(): void {
    this.#fd ??= openSync(this.#path, 'r+');
    fdatasyncSync(this.#fd);
    this.#checkpoints?.committed();
  }

  /** Without the thread the log is emptied when the journal is closed. */
  forgot(): void {
    this.#checkpoints?.forgot();
  }

  /** The tables are opened anew: what is used next is the log that is there then. */
  release(): void {
    this.#closeFile();
    void this.#checkpoints?.release();
  }

  async close(): Promise<void> {
    this.#closeFile();
    await this.#checkpoints?.close();
  }

  #closeFile(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }
}

/** Is nothing of the log left? Whoever reads it is not waited for. An error is told as that of `copyRest`. */
function emptied(store: Store): boolean {
  try {
    const { timeout } = store.getWritten<{ timeout: number }>('PRAGMA busy_timeout') ?? { timeout: 0 };
    store.getWritten('PRAGMA busy_timeout = 0');
    try {
      return store.getWritten<{ busy: number }>('PRAGMA wal_checkpoint(TRUNCATE)')?.busy === 0;
    } finally {
      store.getWritten(`PRAGMA busy_timeout = ${timeout}`);
    }
  } catch {
    return false;
  }
}

/** What the thread has left. An error is told to the journal, as that of any query. */
function copyRest(store: Store): void {
  try {
    store.getWritten('PRAGMA wal_checkpoint(PASSIVE)');
  } catch {
    // The journal has heard of it.
  }
}
