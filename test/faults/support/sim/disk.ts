/**
 * A disk for the real journal: tables in memory that outlive the process which opened them, as far as it had committed. It
 * fails when the schedule says so, and remembers every command in the order in which it became durable.
 */
import type { Command } from '../../../../src/state/command.ts';
import { State } from '../../../../src/state/state.ts';
import type { Database } from '../../../../src/state/store.ts';
import type { Seeded } from '../seeded.ts';

export const FULL = 13;
/** SQLITE_IOERR_FSYNC: whether what was to be synced is on the disk is not known. */
export const SYNC_FAILED = 1034;

export class SimDisk {
  readonly durable: Command[] = [];
  /** What the next writes fail with, and how many of them. */
  fault: { readonly errcode: number; left: number } | undefined;
  /** Kills whoever writes, at its next commit: before it or after it. */
  onCommit: ((commit: () => void) => void) | undefined;
  readonly #tables: Database;
  readonly #chance: Seeded;
  #isOpen = false;
  #pending: Command[] = [];
  /** A batch whose sync failed: a restart may find it, until something else was written over it. */
  #doubtful: readonly Command[] = [];
  #generation = 0;

  /** `tables`: empty. */
  constructor(chance: Seeded, tables: Database) {
    this.#chance = chance;
    this.#tables = tables;
  }

  /** For a process that starts. Whoever had it open before, and still runs, can use it no more. */
  open(): Database {
    const mine = ++this.#generation;
    this.#rollback();
    const check = () => {
      if (mine !== this.#generation) throw new Error('This process is dead.');
    };
    return {
      exec: (sql) => {
        check();
        this.#exec(sql);
      },
      prepare: (sql) => {
        check();
        return this.#tables.prepare(sql);
      },
      close: () => undefined,
    };
  }

  /** After a crash: with what was doubtful, or without. */
  restart(): Database {
    const database = this.open();
    const found = this.#chance.chance(0.5) ? this.#doubtful : [];
    this.#doubtful = [];
    if (found.length > 0) this.#redo(database, found);
    return database;
  }

  record(command: Command): void {
    this.#pending.push(command);
  }

  #redo(database: Database, commands: readonly Command[]): void {
    const state = new State(database);
    this.#tables.exec('BEGIN');
    for (const command of commands) state.apply(command);
    state.store.flush();
    this.#tables.exec('COMMIT');
    this.durable.push(...commands);
  }

  #exec(sql: string): void {
    if (sql === 'BEGIN IMMEDIATE') return this.#begin();
    if (sql === 'ROLLBACK') return this.#rollback();
    if (sql === 'COMMIT') return this.#commit();
    // Settings of files; these tables have none.
    if (!sql.startsWith('PRAGMA busy_timeout')) this.#tables.exec(sql);
  }

  #begin(): void {
    this.#tables.exec('BEGIN');
    this.#isOpen = true;
    this.#pending = [];
  }

  #rollback(): void {
    if (this.#isOpen) this.#tables.exec('ROLLBACK');
    this.#isOpen = false;
    this.#pending = [];
  }

  #commit(): void {
    const { fault, onCommit } = this;
    this.onCommit = undefined;
    if (fault && fault.left > 0) return this.#fail(fault);
    const commit = () => {
      this.#tables.exec('COMMIT');
      this.#isOpen = false;
      this.durable.push(...this.#pending);
      this.#pending = [];
      this.#doubtful = [];
    };
    if (onCommit) onCommit(commit);
    else commit();
  }

  #fail(fault: { readonly errcode: number; left: number }): never {
    fault.left -= 1;
    if (fault.errcode !== FULL) this.#doubtful = this.#pending;
    const error = Object.assign(new Error('a fault of the disk'), { errcode: fault.errcode });
    this.#rollback();
    throw error;
  }
}

/** The real state, whose commands the disk gets to know. */
export class RecordedState extends State {
  readonly #disk: SimDisk;

  constructor(database: Database, disk: SimDisk) {
    super(database);
    this.#disk = disk;
  }

  override apply: State['apply'] = ((command: Command) => {
    const applied = State.prototype.apply.call(this, command);
    this.#disk.record(command);
    return applied;
  }) as State['apply'];
}
