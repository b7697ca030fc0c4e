/**
 * The tables as commands and queries see them: plain SQL with each statement prepared once. The driver is given by
 * the journal; nothing here opens a file.
 */

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

export class Store {
  /** Hears what the driver throws at a query, and says what is thrown instead: the journal's, which knows storage errors. */
  onError: (error: unknown) => unknown = (error) => error;
  #database: Database;
  #statements = new Map<string, Statement>();

  constructor(database: Database) {
    this.#database = database;
  }

  get database(): Database {
    return this.#database;
  }

  /** The same tables, opened anew. What was prepared belongs to the old one, which is closed. */
  replace(database: Database): void {
    const old = this.#database;
    this.#database = database;
    this.#statements = new Map();
    try {
      old.close();
    } catch {
      // Best effort: it is left because it fails.
    }
  }

  /** The first row, or undefined. `Row` is what the SQL selects: both stand side by side wherever this is called. */
  get<Row>(sql: string, ...values: Value[]): Row | undefined {
    try {
      return this.#prepared(sql).get(...values) as Row | undefined;
    } catch (error) {
      throw this.onError(error);
    }
  }

  all<Row>(sql: string, ...values: Value[]): Row[] {
    try {
      return this.#prepared(sql).all(...values) as Row[];
    } catch (error) {
      throw this.onError(error);
    }
  }

  run(sql: string, ...values: Value[]): void {
    this.#prepared(sql).run(...values);
  }

  #prepared(sql: string): Statement {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}
