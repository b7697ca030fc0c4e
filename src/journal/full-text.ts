/**
 * The words of all envelopes, in a database of its own beside the tables: it can be thrown away, and is when it belongs
 * to another history. It is attached to a connection that reads the tables, so that words are copied without passing
 * through here.
 *
 *     envelope ──after `done.position`, a slice at a time──→ words.search (body, who)
 *     pruned ──after `done.pruned`, a slice at a time──→ gone from there
 *
 * `who` holds `s17` for the sender and `c23` for each channel.
 */
import { rmSync } from 'node:fs';
import { Prepared } from '../state/prepared.ts';
import type { Database } from '../state/store.ts';
import { ensureDatabaseFile } from './database-file.ts';
import { isDamage } from './queue.ts';
import type { Ask } from './search.ts';

/** Envelopes of one transaction: some 5 ms. */
const SLICE = 1_000;

const VERSION = 2;

const TABLES = `
  CREATE VIRTUAL TABLE words.search USING fts5 (body, who, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2');
  CREATE TABLE words.done (position INTEGER NOT NULL, pruned INTEGER NOT NULL, epoch TEXT NOT NULL) STRICT;
  INSERT INTO words.done (position, pruned, epoch) SELECT 0, 0, value FROM main.meta WHERE key = 'epoch';
  PRAGMA words.user_version = ${VERSION};
`;

const COPY = `
  INSERT INTO words.search (rowid, body, who)
  SELECT position, body, 's' || sender || ' ' || replace(replace(replace(channels, '[', 'c'), ',', ' c'), ']', '')
  FROM main.envelope WHERE position > ?1 AND position <= ?2`;

const FORGET =
  'DELETE FROM words.search WHERE rowid IN (SELECT position FROM main.pruned WHERE seq > ?1 AND seq <= ?2)';

const find = (order: 'ASC' | 'DESC') =>
  `SELECT rowid AS position FROM words.search WHERE search MATCH ? AND rowid > ? AND rowid < ? ORDER BY rowid ${order} LIMIT ?`;

export class FullText {
  readonly #database: Database;
  readonly #prepared: Prepared;

  /** `database` has the tables; `path` is the file of the words, or `:memory:`. */
  constructor(database: Database, path: string) {
    this.#database = database;
    this.#prepared = new Prepared(database);
    database.prepare('ATTACH ? AS words').run(path);
    // A power cut may take the last slices, which are then copied again; it may not leave half of one.
    database.exec('PRAGMA words.journal_mode = WAL; PRAGMA words.synchronous = NORMAL');
    if (!this.#isOfThisHistory()) this.#startAnew();
  }

  /** Up to here everything can be found. */
  get done(): number {
    return this.#done().position;
  }

  /** Takes in the next envelopes, and lets go of those that were forgotten since. Is there more? */
  catchUp(): boolean {
    const { position, pruned } = this.#done();
    const next = this.#next('position', 'main.envelope', position);
    const gone = this.#next('seq', 'main.pruned', pruned);
    if (next.n === 0 && gone.n === 0) return false;
    this.#database.exec('BEGIN');
    try {
      this.#prepared.statement(COPY).run(position, next.last);
      // After the copy, which has none that is forgotten by now.
      this.#prepared.statement(FORGET).run(pruned, gone.last);
      this.#prepared.statement('UPDATE words.done SET position = ?, pruned = ?').run(next.last, gone.last);
      this.#database.exec('COMMIT');
    } catch (error) {
      this.#database.exec('ROLLBACK');
      throw error;
    }
    return next.n === SLICE || gone.n === SLICE;
  }

  /** The end of the next slice of a table, and how many rows it has. */
  #next(key: string, table: string, after: number): { readonly last: number; readonly n: number } {
    const sql = `SELECT coalesce(max(at), ?1) AS last, count(*) AS n FROM (SELECT ${key} AS at FROM ${table} WHERE ${key} > ?1 ORDER BY 1 LIMIT ${SLICE})`;
    return this.#get(sql, after) ?? { last: after, n: 0 };
  }

  #done(): { readonly position: number; readonly pruned: number } {
    return this.#get('SELECT position, pruned FROM words.done') ?? { position: 0, pruned: 0 };
  }

  find(
    match: string,
    { after, before, ascending, limit }: Pick<Ask, 'after' | 'before' | 'ascending' | 'limit'>,
  ): number[] {
    const rows = this.#prepared.statement(find(ascending ? 'ASC' : 'DESC')).all(match, after, before, limit);
    return (rows as { position: number }[]).map((row) => row.position);
  }

  close(): void {
    this.#database.close();
  }

  /** Written for these tables, and not for what lay in their place before a restore. */
  #isOfThisHistory(): boolean {
    const { user_version: version } = this.#get<{ user_version: number }>('PRAGMA words.user_version') ?? {};
    if (version !== VERSION) return false;
    const sql = `SELECT 1 FROM words.done WHERE epoch = (SELECT value FROM main.meta WHERE key = 'epoch')
      AND position <= max((SELECT coalesce(max(position), 0) FROM main.envelope), (SELECT coalesce(max(position), 0) FROM main.pruned))
      AND pruned <= (SELECT coalesce(max(seq), 0) FROM main.pruned)`;
    return this.#database.prepare(sql).get() !== undefined;
  }

  #startAnew(): void {
    this.#database.exec(`DROP TABLE IF EXISTS words.search; DROP TABLE IF EXISTS words.done; ${TABLES}`);
  }

  #get<Row>(sql: string, ...values: number[]): Row | undefined {
    return this.#prepared.statement(sql).get(...values) as Row | undefined;
  }
}

export interface TextFiles {
  readonly tables: string;
  readonly words: string;
}

/** Opens a connection of its own. Words that cannot be read are thrown away: they are copied again. */
export function openFullText(open: (path: string) => Database, { tables, words }: TextFiles): FullText {
  try {
    return attach(open(tables), words);
  } catch (error) {
    if (!isDamage(error)) throw error;
    for (const path of [words, `${words}-wal`, `${words}-shm`]) rmSync(path, { force: true });
    return attach(open(tables), words);
  }
}

function attach(database: Database, words: string): FullText {
  ensureDatabaseFile(words);
  try {
    database.exec('PRAGMA busy_timeout = 1000');
    return new FullText(database, words);
  } catch (error) {
    database.close();
    throw error;
  }
}
