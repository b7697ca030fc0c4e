/** Rows of one statement: most of what a single insert costs is the statement, not the row. */
export const AT_ONCE = [32, 8, 1];

/** Where rows of one kind go: `verb` is `INSERT` or `REPLACE`. */
export class Into {
  readonly width: number;
  /** For each number of rows of `AT_ONCE`. */
  readonly sql: readonly string[];

  constructor(verb: 'INSERT' | 'REPLACE', table: string, columns: readonly string[]) {
    this.width = columns.length;
    const row = `(${columns.map(() => '?').join(', ')})`;
    const head = `${verb} INTO ${table} (${columns.join(', ')}) VALUES`;
    this.sql = AT_ONCE.map((rows) => `${head} ${Array.from({ length: rows }, () => row).join(', ')}`);
  }
}
