/**
 * The words of all envelopes, in a database of its own beside the tables: it can be thrown away, and is when it belongs
 * to another history. It is attached to a connection that reads the tables, so that words are copied without passing
 * through here.
 *
 *     envelope ──after `done.position`, a slice at a time──→ words.volume_7 (body, who)
 *     pruned ──after `done.pruned`, a slice at a time──→ gone from there, and an empty volume with it ──`tidy`──→ nowhere on the disk
 *
 * `who` holds `s17` for the sender and `c23` for each channel. A volume has the envelopes of so many positions: the start of
 * a word is looked up for all of a volume at once, and who wants the newest should not wait for those of last year.
 */
import { rmSync } from 'node:fs';
import { Prepared } from '../state/prepared.ts';
import type { Database, Statement } from '../state/store.ts';
import { ensureDatabaseFile } from './database-file.ts';
import { isDamage } from './queue.ts';
import type { Ask } from './search.ts';

/** Envelopes of one transaction: some 5 ms. */
const SLICE = 1_000;

/** Of a volume, made anew in one transaction: some 12 ms. */
const PAGES = 100;

/** Positions of a volume: the start of a common word takes some 5 ms in it, a word that it does not have 0.3 ms. */
const VOLUME = 131_072;

const VERSION = 4;

/** What a volume still has of what was forgotten: FTS5 only marks it, since it does not know which words to take out. */
const FORGOT = { nothing: 0, some: 1, underWay: 2 } as const;

const TABLES = `
  CREATE TABLE words.volume (n INTEGER PRIMARY KEY, forgot INTEGER NOT NULL DEFAULT ${FORGOT.nothing}) STRICT;
  CREATE TABLE words.done (position INTEGER NOT NULL, pruned INTEGER NOT NULL, epoch TEXT NOT NULL) STRICT;
  INSERT INTO words.done (position, pruned, epoch) SELECT 0, 0, value FROM main.meta WHERE key = 'epoch';
  PRAGMA words.user_version = ${VERSION};
`;

const create = (n: number) =>
  `CREATE VIRTUAL TABLE words.volume_${n} USING fts5 (body, who, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2')`;

const copy = (n: number) => `
  INSERT INTO words.volume_${n} (rowid, body, who)
  SELECT position, body, 's' || sender || ' ' || replace(replace(replace(channels, '[', 'c'), ',', ' c'), ']', '')
  FROM main.envelope WHERE position > ?1 AND position <= ?2`;

const forget = (n: number) => `
  DELETE FROM words.volume_${n} WHERE rowid IN (SELECT position FROM main.pruned WHERE seq > ?1 AND seq <= ?2)`;

/** Of the tree of words; https://sqlite.org/fts5.html, “The 'merge' Command”. */
const merge = (n: number) => `INSERT INTO words.volume_${n} (volume_${n}, rank) VALUES ('merge', ?)`;

const find = (n: number, order: 'ASC' | 'DESC') =>
  `SELECT rowid AS position FROM words.volume_${n} WHERE volume_${n} MATCH ? AND rowid > ? AND rowid < ? ORDER BY rowid ${order} LIMIT ?`;

export class FullText {
  readonly #database: Database;
  readonly #size: number;
  #prepared: Prepared;
  /** May the log have what was forgotten? Whoever had it open before may have been killed. */
  #isInLog = true;

  /**
   * `database` has the tables; `path` is the file of the words, or `:memory:`. `size`: positions of a volume. `newest`: position of the
   * tables when they were opened. Words from beyond it were copied before the disk had what they are of, and it never got it.
   */
  constructor(database: Database, path: string, size = VOLUME, newest = Number.MAX_SAFE_INTEGER) {
    this.#database = database;
    this.#size = size;
    this.#prepared = new Prepared(database);
    database.prepare('ATTACH ? AS words').run(path);
    // A power cut may take the last slices, which are then copied again; it may not leave half of one.
    database.exec(
      'PRAGMA words.journal_mode = WAL; PRAGMA words.synchronous = NORMAL; PRAGMA words.secure_delete = ON',
    );
    if (!this.#isOfThisHistory() || this.done > newest) this.#startAnew();
  }

  /** Up to here everything can be found. */
  get done(): number {
    return this.#done().position;
  }

  /** Takes in the next envelopes, of one volume, and lets go of those that were forgotten since. Is there more? */
  catchUp(): boolean {
    const { position, pruned } = this.#done();
    const next = this.#next('position', 'main.envelope', position);
    const gone = this.#next('seq', 'main.pruned', pruned);
    if (next.n === 0 && gone.n === 0) return false;
    const volume = this.#volumeOf(next.first);
    const last = next.n === 0 ? position : Math.min(next.last, this.#endOf(volume));
    this.#together(() => {
      if (next.n > 0) this.#copy(volume, position, last);
      // After the copy, which has none that is forgotten by now.
      this.#forget(pruned, gone.last, this.#volumeOf(last));
      this.#statement('UPDATE words.done SET position = ?, pruned = ?').run(last, gone.last);
    });
    return last < next.last || next.n === SLICE || gone.n === SLICE;
  }

  /**
   * Makes some more pages anew of a volume of which something was forgotten, without its words; at last, the log. Costs as
   * much as the volume has, however little was forgotten. Is there more?
   */
  tidy(): boolean {
    const sql = `SELECT n, forgot FROM words.volume WHERE forgot <> ${FORGOT.nothing} ORDER BY n LIMIT 1`;
    const { n, forgot } = this.#get<{ n: number; forgot: number }>(sql) ?? {};
    if (n === undefined) {
      if (this.#isInLog) this.#get('PRAGMA words.wal_checkpoint(TRUNCATE)');
      this.#isInLog = false;
      return false;
    }
    this.#isInLog = true;
    this.#together(() => {
      const before = this.#changes();
      // Below zero begins with all of it, and not with what FTS5 would join by itself.
      this.#statement(merge(n)).run(forgot === FORGOT.some ? -PAGES : PAGES);
      // One is the row that the command pretends to insert.
      const isDone = this.#changes() - before < 2;
      this.#mark(n, isDone ? FORGOT.nothing : FORGOT.underWay);
    });
    return true;
  }

  /** In one transaction. */
  #together(work: () => void): void {
    this.#database.exec('BEGIN');
    try {
      work();
      this.#database.exec('COMMIT');
    } catch (error) {
      this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  #changes(): number {
    return this.#get<{ n: number }>('SELECT total_changes() AS n')?.n ?? 0;
  }

  #mark(volume: number, forgot: number): void {
    this.#statement('UPDATE words.volume SET forgot = ? WHERE n = ?').run(forgot, volume);
  }

  find(
    match: string,
    { after, before, ascending, limit }: Pick<Ask, 'after' | 'before' | 'ascending' | 'limit'>,
  ): number[] {
    const volumes = this.#volumes(this.#volumeOf(after + 1), this.#volumeOf(before - 1));
    const found: number[] = [];
    for (const n of ascending ? volumes : volumes.toReversed()) {
      const statement = this.#statement(find(n, ascending ? 'ASC' : 'DESC'));
      const rows = statement.all(match, after, before, limit - found.length) as { position: number }[];
      found.push(...rows.map((row) => row.position));
      if (found.length >= limit) break;
    }
    return found;
  }

  #copy(volume: number, after: number, last: number): void {
    if (this.#volumes(volume, volume).length === 0) this.#begin(volume);
    this.#statement(copy(volume)).run(after, last);
  }

  /** Those before it are filled: what nothing is left of goes. */
  #begin(volume: number): void {
    for (const n of this.#volumes(0, volume)) if (this.#isEmpty(n)) this.#drop(n);
    this.#database.exec(create(volume));
    this.#statement('INSERT INTO words.volume (n) VALUES (?)').run(volume);
  }

  /** A volume that nothing is left of goes as a whole, unless it is still being filled. */
  #forget(after: number, last: number, filling: number): void {
    const sql = `SELECT n FROM words.volume
      WHERE n IN (SELECT position / ${this.#size} FROM main.pruned WHERE seq > ? AND seq <= ?)`;
    for (const { n } of this.#statement(sql).all(after, last) as { n: number }[]) {
      if (n < filling && this.#isEmpty(n)) this.#drop(n);
      else {
        this.#statement(forget(n)).run(after, last);
        this.#mark(n, FORGOT.some);
      }
    }
  }

  #isEmpty(volume: number): boolean {
    const sql = 'SELECT 1 FROM main.envelope WHERE position >= ? AND position <= ? LIMIT 1';
    return this.#get(sql, volume * this.#size, this.#endOf(volume)) === undefined;
  }

  #drop(volume: number): void {
    // What was prepared for it would be kept for ever.
    this.#prepared = new Prepared(this.#database);
    this.#isInLog = true;
    this.#database.exec(`DROP TABLE words.volume_${volume}`);
    this.#statement('DELETE FROM words.volume WHERE n = ?').run(volume);
  }

  #volumeOf(position: number): number {
    return Math.floor(position / this.#size);
  }

  /** Its last position. */
  #endOf(volume: number): number {
    return (volume + 1) * this.#size - 1;
  }

  /** Those that there are between the two, the oldest first. */
  #volumes(first: number, last: number): number[] {
    const sql = 'SELECT n FROM words.volume WHERE n >= ? AND n <= ? ORDER BY n';
    return (this.#statement(sql).all(first, last) as { n: number }[]).map(({ n }) => n);
  }

  /** The first and the last of the next slice of a table, and how many rows it has. */
  #next(
    key: string,
    table: string,
    after: number,
  ): { readonly first: number; readonly last: number; readonly n: number } {
    const sql = `SELECT coalesce(min(at), ?1) AS first, coalesce(max(at), ?1) AS last, count(*) AS n
      FROM (SELECT ${key} AS at FROM ${table} WHERE ${key} > ?1 ORDER BY 1 LIMIT ${SLICE})`;
    return this.#get(sql, after) ?? { first: after, last: after, n: 0 };
  }

  #done(): { readonly position: number; readonly pruned: number } {
    return this.#get('SELECT position, pruned FROM words.done') ?? { position: 0, pruned: 0 };
  }

  close(): void {
    this.#database.close();
  }

  /** Written for these tables, and not for what lay in their place before a restore; and each volume is there. */
  #isOfThisHistory(): boolean {
    const { user_version: version } = this.#get<{ user_version: number }>('PRAGMA words.user_version') ?? {};
    if (version !== VERSION) return false;
    const sql = `SELECT 1 FROM words.done WHERE epoch = (SELECT value FROM main.meta WHERE key = 'epoch')
      AND position <= max((SELECT coalesce(max(position), 0) FROM main.envelope), (SELECT coalesce(max(position), 0) FROM main.pruned))
      AND pruned <= (SELECT coalesce(max(seq), 0) FROM main.pruned)
      AND NOT EXISTS (SELECT 1 FROM words.volume WHERE 'volume_' || n NOT IN (SELECT name FROM words.sqlite_master))`;
    return this.#database.prepare(sql).get() !== undefined;
  }

  #startAnew(): void {
    // Those that lie behind a virtual table go with it.
    const sql = "SELECT name FROM words.sqlite_master WHERE sql LIKE 'CREATE VIRTUAL %' OR name IN ('done', 'volume')";
    const names = (this.#database.prepare(sql).all() as { name: string }[]).map(({ name }) => `"${name}"`);
    this.#database.exec(names.map((name) => `DROP TABLE words.${name};`).join('') + TABLES);
  }

  #get<Row>(sql: string, ...values: number[]): Row | undefined {
    return this.#statement(sql).get(...values) as Row | undefined;
  }

  #statement(sql: string): Statement {
    return this.#prepared.statement(sql);
  }
}

export interface TextFiles {
  readonly tables: string;
  readonly words: string;
  /** Of the tables when they were opened; absent when the words were opened since. */
  readonly newest?: number | undefined;
}

/** The way to open them, again and again. `newest` counts for the first time: the tables grow, and so do the words. */
export function fullTextOf(open: (path: string) => Database, files: TextFiles): () => FullText {
  let next = files;
  return () => {
    const text = openFullText(open, next);
    next = { ...files, newest: undefined };
    return text;
  };
}

/** Opens a connection of its own. Words that cannot be read are thrown away: they are copied again. */
function openFullText(open: (path: string) => Database, { tables, words, newest }: TextFiles): FullText {
  try {
    return attach(open(tables), words, newest);
  } catch (error) {
    if (!isDamage(error)) throw error;
    for (const path of [words, `${words}-wal`, `${words}-shm`]) rmSync(path, { force: true });
    return attach(open(tables), words);
  }
}

function attach(database: Database, words: string, newest?: number): FullText {
  ensureDatabaseFile(words);
  try {
    database.exec('PRAGMA busy_timeout = 1000');
    return new FullText(database, words, undefined, newest);
  } catch (error) {
    database.close();
    throw error;
  }
}
