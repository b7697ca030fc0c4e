/** Tables in memory, emptied for the next schedule: to make them anew, and to prepare all statements, would be most of what it costs. */
import { migrate, TABLES } from '../../../../src/state/schema.ts';
import type { Database, Statement, Value } from '../../../../src/state/store.ts';
import { emptyDatabase } from '../../../state/world.ts';

export class Tables implements Database {
  readonly #database = emptyDatabase();
  readonly #statements = new Map<string, Statement>();
  /** What is in them before the first command. */
  readonly #first: readonly { readonly sql: string; readonly values: Value[] }[];

  constructor() {
    migrate(this.#database);
    this.#first = Object.keys(TABLES).flatMap((table) => this.#rowsOf(table));
  }

  /** As a relay finds them at its first start. */
  emptied(): this {
    for (const table of Object.keys(TABLES)) this.prepare(`DELETE FROM ${table}`).run();
    for (const { sql, values } of this.#first) this.prepare(sql).run(...values);
    return this;
  }

  exec(sql: string): void {
    if (sql.includes(';')) this.#database.exec(sql);
    else this.prepare(sql).run();
  }

  prepare(sql: string): Statement {
    const known = this.#statements.get(sql);
    if (known) return known;
    const statement = this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  /** They are used again. */
  close(): void {}

  #rowsOf(table: string) {
    const rows = this.#database.prepare(`SELECT * FROM ${table}`).all() as Record<string, Value>[];
    return rows.map((row) => {
      const places = Object.keys(row).map(() => '?');
      return {
        sql: `INSERT INTO ${table} (${Object.keys(row).join(', ')}) VALUES (${places.join(', ')})`,
        values: Object.values(row),
      };
    });
  }
}
