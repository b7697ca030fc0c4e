/**
 * The tables as commands and queries see them: plain SQL with each statement prepared once. The driver is given by
 * the journal; nothing here opens a file.
 *
 * Two parts of the tables are also in memory: the newest envelopes (`tail.ts`), and sessions (`roster.ts`). What changes
 * there, and new rows, are gathered and written together: with the commit, or before anything is read by SQL. Only the
 * commit lets go of what is in memory, so that a command sees one boundary between memory and tables all the while.
 * Whoever writes by SQL makes the memory forget, so that it never says what the tables do not.
 */

import { Backlog } from './backlog.ts';
import { HeldCounts } from './held-counts.ts';
import { AT_ONCE, type Into } from './into.ts';
import { PersonNames } from './person-names.ts';
import { Policies } from './policies.ts';
import { Prepared } from './prepared.ts';
import { Roster } from './roster.ts';
import { type Bounds, Stragglers } from './stragglers.ts';
import { type SummedTable, writeSummed } from './summed.ts';
import { Tail } from './tail.ts';

export type Value = null | number | string | Uint8Array;

export interface Statement {
  get(...values: Value[]): unknown;
  all(...values: Value[]): unknown[];
  run(...values: Value[]): unknown;
}

/** The part of the `DatabaseSync` API (node:sqlite) that is used. */
export interface Database {
  exec(sql: string): void;
  prepare(sql: string): Statement;
  close(): void;
}

/** How much is kept in memory: the newest envelopes, and what is known of inboxes. */
export interface InMemory {
  readonly tail?: number;
  readonly stragglers?: Bounds;
}

export class Store {
  readonly roster: Roster;
  readonly tail: Tail;
  readonly stragglers: Stragglers;
  readonly backlog = new Backlog();
  readonly personNames: PersonNames;
  readonly policies: Policies;
  readonly heldCounts: HeldCounts;
  /** Hears what the driver throws at a query, and says what is thrown instead: the journal's, which knows storage errors. */
  onError: (error: unknown) => unknown = (error) => error;
  #database: Database;
  #prepared: Prepared;
  readonly #gathered = new Map<Into, Value[]>();
  #hasGathered = false;

  constructor(database: Database, inMemory: InMemory = {}) {
    this.#database = database;
    this.#prepared = new Prepared(database);
    this.roster = new Roster(this);
    this.tail = new Tail(this, inMemory.tail);
    this.stragglers = new Stragglers(inMemory.stragglers);
    this.personNames = new PersonNames(this);
    this.policies = new Policies(this);
    this.heldCounts = new HeldCounts(this);
  }

  get database(): Database {
    return this.#database;
  }

  /** The same tables, opened anew. What was prepared belongs to the old one, which is closed; what is in memory is read again. */
  replace(database: Database): void {
    const old = this.#database;
    this.#database = database;
    this.#prepared = new Prepared(database);
    this.forget();
    try {
      old.close();
    } catch {
      // Best effort: it is left because it fails.
    }
  }

  /** The first row, or undefined. `Row` is what the SQL selects: both stand side by side wherever this is called. */
  get<Row>(sql: string, ...values: Value[]): Row | undefined {
    this.flush();
    return this.getWritten(sql, ...values);
  }

  all<Row>(sql: string, ...values: Value[]): Row[] {
    this.flush();
    try {
      return this.#prepared.statement(sql).all(...values) as Row[];
    } catch (error) {
      throw this.onError(error);
    }
  }

  /** As `get`, for what cannot be among the gathered rows. */
  getWritten<Row>(sql: string, ...values: Value[]): Row | undefined {
    try {
      return this.#prepared.statement(sql).get(...values) as Row | undefined;
    } catch (error) {
      throw this.onError(error);
    }
  }

  run(sql: string, ...values: Value[]): void {
    this.flush();
    this.#prepared.statement(sql).run(...values);
    this.forget();
  }

  /** As `run`, for rows of which nothing is in memory. */
  write(sql: string, ...values: Value[]): void {
    this.#prepared.statement(sql).run(...values);
  }

  /** As `write`, for a table whose rows have a sum: each row that `sql` inserts or updates gets it. */
  writeSummed(table: SummedTable, sql: string, ...values: Value[]): void {
    writeSummed(this.#prepared, table, sql, values);
  }

  /** Where the values of one more row of that kind are to be pushed. */
  gather(into: Into): Value[] {
    this.#hasGathered = true;
    const values = this.#gathered.get(into) ?? [];
    if (values.length === 0) this.#gathered.set(into, values);
    return values;
  }

  /** The roster has changes to write. */
  changed(): void {
    this.#hasGathered = true;
  }

  /** Writes what was gathered. */
  flush(): void {
    if (!this.#hasGathered) return;
    this.#hasGathered = false;
    this.roster.flush();
    for (const [into, values] of this.#gathered) this.#writeAll(into, values);
    this.#gathered.clear();
  }

  /** The end of a transaction: as `flush`, and what is too much to be kept in memory is left to the tables. */
  commit(): void {
    if (!this.#hasGathered) return;
    this.tail.file(false);
    this.flush();
    this.roster.trim();
  }

  /** As `commit`, and files the whole tail: the tables are complete then. */
  settle(): void {
    this.#hasGathered = true;
    this.tail.file(true);
    this.flush();
  }

  /** Forgets what was gathered, and all that is in memory. After a rollback. */
  forget(): void {
    this.#hasGathered = false;
    this.#gathered.clear();
    this.roster.clear();
    this.tail.clear();
    this.stragglers.clear();
    this.backlog.clear();
    this.personNames.clear();
    this.policies.clear();
    this.heldCounts.clear();
  }

  #writeAll({ width, sql }: Into, values: readonly Value[]): void {
    let done = 0;
    AT_ONCE.forEach((rows, i) => {
      const step = rows * width;
      for (; values.length - done >= step; done += step) this.write(sql[i] ?? '', ...values.slice(done, done + step));
    });
  }
}
