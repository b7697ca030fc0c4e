/**
 * What a journal does after its storage failed, so that nobody has to start the relay again.
 *
 *     ready ──no space──→ full ──a command, or the probe of each second, was written──→ ready
 *       └──any other error──→ broken ──opened anew, checked, probed──→ ready
 *                               ↑ └──failed──┐ after 1, 2, 4 … 30 s
 *                               └────────────┘
 *
 * While it is broken nothing is written: after an error of a sync nobody can say what of the open files is on the disk,
 * and what the process still has in memory is no evidence (the kernel marks pages clean that it could not write).
 */
import type { RelayError } from '../protocol/codes.ts';
import type { Database, Store } from '../state/store.ts';
import type { Clock, Timer } from '../util/clock.ts';

export interface RecoveryOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** What was written is on the disk when it returns. */
  readonly log: { sync(): void };
  /** Opens the same data anew and checks it. Throws when it cannot be used. Without it the next command is simply tried. */
  readonly reopen?: (() => Database) | undefined;
  /** For the log: what failed, and that it works again. */
  readonly onTrouble?: ((what: string, error?: unknown) => void) | undefined;
}

/** How soon after the space came back, or the disk works again, this is known. Milliseconds. */
const FIRST = 1_000;
const LONGEST = 30_000;

export class Recovery {
  readonly #options: RecoveryOptions;
  #failure: RelayError | undefined;
  #isBroken = false;
  #timer: Timer | undefined;
  #delay = FIRST;

  constructor(options: RecoveryOptions) {
    this.#options = options;
  }

  get isReady(): boolean {
    return this.#failure === undefined;
  }

  /** Why nothing may even be tried; undefined when a command may. */
  get refusal(): RelayError | undefined {
    return this.#isBroken ? this.#failure : undefined;
  }

  failed(error: RelayError): void {
    if (!this.#failure) this.#options.onTrouble?.('the storage failed', error.cause);
    this.#failure = error;
    if (error.code !== 'storage_full' && this.#options.reopen) this.#isBroken = true;
    this.#timer ??= this.#options.clock.after(this.#delay, () => this.#try());
  }

  succeeded(): void {
    if (!this.#failure) return;
    this.#failure = undefined;
    this.#isBroken = false;
    this.#delay = FIRST;
    this.stop();
    this.#options.onTrouble?.('the storage works again');
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #try(): void {
    this.#timer = undefined;
    try {
      if (this.#isBroken) this.#reopen();
      probe(this.#options.store.database);
      this.#options.log.sync();
      this.succeeded();
    } catch (error) {
      if (this.#isBroken) this.#delay = Math.min(LONGEST, this.#delay * 2);
      this.#options.onTrouble?.('the storage still fails', error);
      this.#timer = this.#options.clock.after(this.#delay, () => this.#try());
    }
  }

  #reopen(): void {
    const { store, reopen } = this.#options;
    if (reopen) store.replace(reopen());
  }
}

/** Writes and syncs one page that says what it said before: the tables stay as the commands made them. */
function probe(database: Database): void {
  const { user_version: version } = database.prepare('PRAGMA user_version').get() as { user_version: number };
  database.exec('BEGIN IMMEDIATE');
  try {
    database.exec(`PRAGMA user_version = ${version}`);
    database.exec('COMMIT');
  } catch (error) {
    rollback(database);
    throw error;
  }
}

export function rollback(database: Database): void {
  try {
    database.exec('ROLLBACK');
  } catch {
    // Best effort: SQLite has rolled back by itself when the disk failed or was full.
  }
}
