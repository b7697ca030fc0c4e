/**
 * A sum in each row of the tables on which delivery and trust depend: what the disk has altered since is noticed at the start,
 * before anything else, and a session also whenever it is looked up. It is that of envelopes (`sum.ts`), a CRC-32, and no seal
 * either. Each row is summed as a whole, in the order of its columns: one that a later step adds is in it.
 */
import { crc32 } from 'node:zlib';
import { Prepared } from './prepared.ts';
import type { Database, Store, Value } from './store.ts';

/** The tables, and by what a row of each is found. */
const KEYS = {
  session: ['id'],
  channel: ['id'],
  alias: ['name'],
  follow: ['session', 'channel', 'since'],
  person: ['id'],
  device: ['id'],
  granted: ['person', 'may', 'what'],
  invitation: ['id'],
  held: ['position', 'session'],
  policy: ['person', 'about'],
} as const;

export type SummedTable = keyof typeof KEYS;

export const SUMMED = Object.keys(KEYS) as readonly SummedTable[];

/** As `SELECT *` gives it. */
type Row = Readonly<Record<string, Value>>;

/** Told as SQLite tells of a broken page, with SQLITE_CORRUPT: nothing more is given out until the data were opened anew and are whole. */
export class AlteredRow extends Error {
  readonly errcode = 11;

  constructor(table: SummedTable) {
    super(`a row of ${table} is not what was written`);
  }
}

/** Of all columns but the sum itself. */
export function sumOf(said: readonly Value[]): number {
  return crc32(JSON.stringify(said));
}

function saidIn(row: Row): Value[] {
  const said: Value[] = [];
  for (const column in row) if (column !== 'sum') said.push(row[column] ?? null);
  return said;
}

function isAsWritten(row: Row): boolean {
  return row.sum === sumOf(saidIn(row));
}

/** Runs an INSERT, a REPLACE or an UPDATE of that table, and sums the rows that it wrote. */
export function writeSummed(prepared: Prepared, table: SummedTable, sql: string, values: readonly Value[]): void {
  sumRows(prepared, table, prepared.statement(`${sql} RETURNING *`).all(...values) as Row[]);
}

/** Every row there is, whatever it says. */
export function sumAll(database: Database): void {
  const prepared = new Prepared(database);
  for (const table of SUMMED) sumRows(prepared, table, prepared.statement(`SELECT * FROM ${table}`).all() as Row[]);
}

function sumRows(prepared: Prepared, table: SummedTable, rows: readonly Row[]): void {
  const keys: readonly string[] = KEYS[table];
  const update = `UPDATE ${table} SET sum = ? WHERE ${keys.map((key) => `${key} = ?`).join(' AND ')}`;
  for (const row of rows) prepared.statement(update).run(sumOf(saidIn(row)), ...keys.map((key) => row[key] ?? null));
}

/** In words: which table has a row that the disk has altered. Undefined when all are what was written; looks at every row. */
export function alteredRow(store: Store): string | undefined {
  const table = SUMMED.find((name) => !store.all<Row>(`SELECT * FROM ${name}`).every(isAsWritten));
  return table && new AlteredRow(table).message;
}
