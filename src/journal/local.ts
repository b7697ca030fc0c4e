/**
 * The journal of one machine: commands that arrive together share one transaction (group commit) and one sync of the disk,
 * and are answered after it.
 *
 *     submit ─→ queue ─→ BEGIN IMMEDIATE · apply … apply · COMMIT · sync ─→ effects ─→ answers
 *     post   ─→ queue, and waits for the next submit, or 2 to 5 ms
 */
import { RelayError } from '../protocol/codes.ts';
import type { Applied, Command, Effect } from '../state/command.ts';
import type { State } from '../state/state.ts';
import type { Clock, Timer } from '../util/clock.ts';
import { type Journal, RIDE_ALONG } from './journal.ts';
import { searchInMemory } from './memory.ts';
import { EffectListeners, type Entry, isStorageError, type Settled, settle, storageError } from './queue.ts';
import { Recovery, type RecoveryOptions, rollback } from './recovery.ts';
import type { Search } from './search.ts';

/** Commands of one transaction: bounds how long the first of them waits for the last. */
const BATCH = 512;
/** Commands of the last transaction, up to which it is quiet. */
const FEW = 4;

/** What the journal needs of its write-ahead log. */
export interface Log {
  /** Returns when everything that was committed is on the disk; throws when nobody knows whether it is. */
  sync(): void;
  /** Something was forgotten: the log has it no more, soon. */
  forgot(): void;
  /** Resolves when nobody but the journal has the tables open on its behalf. */
  close(): Promise<void>;
}

interface LocalOptions extends Pick<RecoveryOptions, 'reopen' | 'onTrouble'> {
  /** Absent for tables in memory. */
  readonly log?: Log;
  /** Without it the text is searched in memory. */
  readonly search?: Search;
}

const NO_LOG: Log = { sync: () => {}, forgot: () => {}, close: async () => {} };

export class LocalJournal implements Journal {
  readonly state: State;
  readonly search: Search;
  readonly #clock: Clock;
  readonly #listeners = new EffectListeners();
  #queue: Entry[] = [];
  #isDue = false;
  /** How many commands were written last. */
  #lastBatch = 0;
  #ride: Timer | undefined;
  readonly #recovery: Recovery;
  readonly #log: Log;
  #isWriting = false;
  #closed = false;

  constructor(
    state: State,
    clock: Clock,
    { search = searchInMemory(state), log = NO_LOG, ...recovery }: LocalOptions = {},
  ) {
    this.state = state;
    this.search = search;
    this.#clock = clock;
    this.#log = log;
    this.#recovery = new Recovery({ ...recovery, store: state.store, clock, log });
    state.store.onError = (error) => this.#onQueryError(error);
  }

  get ready(): boolean {
    return this.#recovery.isReady && !this.#closed;
  }

  submit<C extends Command>(command: C): Promise<Applied<C>> {
    if (this.#closed) return Promise.reject(new RelayError('shutting_down'));
    const promise = this.#enqueue(command);
    this.#writeSoon();
    return promise;
  }

  post<C extends Command>(command: C): Promise<Applied<C>> {
    if (this.#closed) return Promise.reject(new RelayError('shutting_down'));
    const promise = this.#enqueue(command);
    const patience = this.#lastBatch > FEW ? RIDE_ALONG.busy : RIDE_ALONG.quiet;
    this.#ride ??= this.#clock.after(patience, () => this.#write());
    return promise;
  }

  onEffects(listener: (effects: readonly Effect[]) => void): () => void {
    return this.#listeners.add(listener);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    while (this.#queue.length > 0) this.#write();
    this.#closed = true;
    this.#recovery.stop();
    await this.search.close();
    this.#emptyMemory();
    await this.#log.close();
    this.#emptyLog();
    this.state.store.database.close();
  }

  /** Files what is only in memory, so that the next start has nothing to read. */
  #emptyMemory(): void {
    const { store } = this.state;
    try {
      store.database.exec('BEGIN IMMEDIATE');
      store.settle();
      store.database.exec('COMMIT');
    } catch {
      // Best effort: what is not filed now is at the next start.
      this.#rollback();
    }
  }

  /**
   * Moves the log into the database file, so that a copy of that file alone is whole. The driver would leave it: it
   * really closes only when all its statements were collected.
   */
  #emptyLog(): void {
    try {
      this.state.store.database.exec('PRAGMA busy_timeout = 0; PRAGMA wal_checkpoint(TRUNCATE)');
    } catch {
      // Best effort: what stays in the log is read from there at the next start.
    }
  }

  #enqueue<C extends Command>(command: C): Promise<Applied<C>> {
    return new Promise((resolve, reject) => {
      // The outcome belongs to the command that is queued with it: `State.apply` keeps that pairing.
      this.#queue.push({ command, resolve: resolve as (applied: Applied) => void, reject });
    });
  }

  #writeSoon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#clock.soon(() => {
      this.#isDue = false;
      this.#write();
    });
  }

  #write(): void {
    this.#ride?.cancel();
    this.#ride = undefined;
    const batch = this.#queue.splice(0, BATCH);
    if (this.#queue.length > 0) this.#writeSoon();
    if (batch.length === 0 || this.#closed) return;
    this.#lastBatch = batch.length;
    settle(this.#commit(batch), this.#listeners);
  }

  /**
   * A refused command wrote nothing and stays out of the others' way. One that failed unexpectedly may have written:
   * everything is rolled back and done again without it.
   */
  #commit(batch: readonly Entry[]): Settled[] {
    const { refusal } = this.#recovery;
    if (refusal) return batch.map((entry) => ({ entry, error: refusal }));
    this.#isWriting = true;
    try {
      return this.#transact(batch);
    } finally {
      this.#isWriting = false;
    }
  }

  #transact(batch: readonly Entry[]): Settled[] {
    const { database } = this.state.store;
    const broken: Settled[] = [];
    let left = batch;
    for (;;) {
      try {
        database.exec('BEGIN IMMEDIATE');
        const { settled, culprit, error } = this.#applyAll(left);
        if (culprit) {
          database.exec('ROLLBACK');
          this.state.store.forget();
          broken.push({ entry: culprit, error });
          left = left.filter((entry) => entry !== culprit);
          continue;
        }
        this.state.store.commit();
        database.exec('COMMIT');
        this.#log.sync();
        this.#recovery.succeeded();
        this.search.stored(this.state.position);
        if (batch.some(({ command }) => command.type === 'prune')) this.#forgot();
        return [...broken, ...settled];
      } catch (error) {
        this.#rollback();
        const failure = storageError(error);
        this.#recovery.failed(failure);
        return [...broken, ...left.map((entry) => ({ entry, error: failure }))];
      }
    }
  }

  #forgot(): void {
    this.#log.forgot();
    this.search.forgot();
  }

  #applyAll(entries: readonly Entry[]): { settled: Settled[]; culprit?: Entry; error?: unknown } {
    const settled: Settled[] = [];
    for (const entry of entries) {
      try {
        settled.push({ entry, applied: this.state.apply(entry.command) });
      } catch (error) {
        if (!(error instanceof RelayError)) {
          if (isStorageError(error)) throw error;
          return { settled, culprit: entry, error: new RelayError('internal', undefined, error) };
        }
        settled.push({ entry, error });
      }
    }
    return { settled };
  }

  #rollback(): void {
    rollback(this.state.store.database);
    this.state.store.forget();
  }

  /** While a command is applied, the transaction tells what failed; any other query that finds the disk failing tells it here. */
  #onQueryError(error: unknown): unknown {
    if (this.#isWriting || !isStorageError(error)) return error;
    const failure = storageError(error);
    this.#recovery.failed(failure);
    return failure;
  }
}
