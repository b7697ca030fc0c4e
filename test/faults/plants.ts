/**
 * The twelve bugs of R22: each is what a hurried change could do to this program, and each breaks a promise. They exist
 * only here. `caughtBy` names the test that must fail, and what it must say.
 */
export interface Edit {
  readonly file: string;
  /** Occurs once in that file. */
  readonly find: string;
  readonly put: string;
}

export interface Plant {
  readonly name: string;
  readonly edits: readonly Edit[];
  /** The promise that it breaks. */
  readonly promise: string;
  readonly caughtBy: { readonly file: string; readonly test: RegExp; readonly says: RegExp };
  /** The test starts the program: it needs a bundle with the bug in it. */
  readonly inProcess?: true;
}

const LOCAL = 'src/journal/local.ts';

export const PLANTS: readonly Plant[] = [
  {
    name: 'answer before commit',
    promise: 'R1',
    inProcess: true,
    edits: [
      { file: LOCAL, find: 'const BATCH = 512;', put: 'const BATCH = 512;\nlet isOpen = false;' },
      {
        file: LOCAL,
        find: "database.exec('BEGIN IMMEDIATE');",
        put: "if (!isOpen) { database.exec('BEGIN IMMEDIATE'); isOpen = true; this.#clock.after(20, () => { database.exec('COMMIT'); isOpen = false; }); }",
      },
      { file: LOCAL, find: "database.exec('COMMIT');\n", put: '\n' },
    ],
    caughtBy: { file: 'r01-process-death', test: /has lost nothing that it answered/, says: /lost: / },
  },
  {
    name: 'synchronous NORMAL',
    promise: 'R2',
    inProcess: true,
    edits: [{ file: 'src/journal/open.ts', find: 'PRAGMA synchronous = FULL;', put: 'PRAGMA synchronous = NORMAL;' }],
    caughtBy: { file: 'r02-power-cut', test: /has taken nothing that was answered/, says: /lost: / },
  },
];
