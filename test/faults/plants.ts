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
        find: " database.exec('BEGIN IMMEDIATE');",
        put: " if (!isOpen) { database.exec('BEGIN IMMEDIATE'); isOpen = true; this.#clock.after(20, () => { database.exec('COMMIT'); isOpen = false; }); }",
      },
      { file: LOCAL, find: " database.exec('COMMIT');\n", put: '\n' },
    ],
    caughtBy: { file: 'r01-process-death', test: /has lost nothing that it answered/, says: /lost: / },
  },
  {
    name: 'synchronous NORMAL',
    promise: 'R2',
    inProcess: true,
    edits: [{ file: LOCAL, find: '        this.#log.sync();\n', put: '' }],
    caughtBy: { file: 'r02-power-cut', test: /has taken nothing that was answered/, says: /lost: / },
  },
  {
    name: 'dedupe in memory only',
    promise: 'R3',
    edits: [
      {
        file: 'src/state/schema.ts',
        find: 'PRIMARY KEY (id)) STRICT, WITHOUT ROWID;',
        put: 'PRIMARY KEY (id, position)) STRICT, WITHOUT ROWID;',
      },
      {
        file: 'src/state/commands/send.ts',
        find: 'export function applySend(',
        put: 'const RECENT = new WeakMap<object, Set<string>>();\nexport function applySend(',
      },
      {
        file: 'src/state/commands/send.ts',
        find: 'const twin = traceById(store, command.id);',
        put: 'const seen = RECENT.get(store) ?? new Set<string>(); RECENT.set(store, seen); const twin = seen.has(command.id) ? traceById(store, command.id) : undefined; seen.add(command.id);',
      },
    ],
    caughtBy: {
      file: 'r03-sent-again',
      test: /is the same envelope in/,
      says: /m\d+ (again|at the end)|ids stored twice/,
    },
  },
  {
    name: 'answers by order',
    promise: 'R4',
    edits: [
      {
        file: 'src/relay/connection.ts',
        find: '  #underWay = 0;',
        put: '  #underWay = 0;\n  readonly #asked: number[] = [];',
      },
      {
        file: 'src/relay/connection.ts',
        find: '    this.#underWay++;',
        put: '    this.#underWay++;\n    this.#asked.push(request.id);',
      },
      {
        file: 'src/relay/connection.ts',
        find: 'this.#say(answerText(request.id, result))',
        put: 'this.#say(answerText(this.#asked.shift() ?? request.id, result))',
      },
    ],
    caughtBy: { file: 'r04-answers', test: /are each for its own message/, says: /was answered with/ },
  },
  {
    name: 'newest-first page',
    promise: 'R6',
    edits: [
      {
        file: 'src/state/queries/inbox.ts',
        find: 'ORDER BY position LIMIT ?6`;',
        put: 'ORDER BY position DESC LIMIT ?6`;',
      },
      {
        file: 'src/state/queries/inbox.ts',
        find: 'for (let i = firstAfter(sent, from); i < sent.length && found.length < limit; i++) {',
        put: 'for (let i = sent.length - 1; i >= firstAfter(sent, from) && found.length < limit; i--) {',
      },
    ],
    caughtBy: { file: 'r06-nothing-skipped', test: /gives the oldest first/, says: /the oldest unread|how many more/ },
  },
  {
    name: 'cursor to the maximum shown',
    promise: 'R6',
    edits: [
      {
        file: 'src/state/ladder.ts',
        find: 'const handed = stop === undefined ? newestPosition(store) : stop - 1;',
        put: 'const handed = stop === undefined ? newestPosition(store) : Math.max(...leaving.map((step) => step.row.position));',
      },
    ],
    caughtBy: { file: 'r06-nothing-skipped', test: /gives the oldest first/, says: /the oldest unread|how many more/ },
  },
  {
    name: 'socket write counts as seen',
    promise: 'R7',
    inProcess: true,
    edits: [
      {
        file: 'src/relay/verbs/receive.ts',
        find: 'if (args.receipt && messages.length > 0 && !call.signal.aborted) await mark(call, session, args.receipt, result);',
        put: "if (messages.length > 0) await mark(call, session, args.receipt ?? 'seen', result);",
      },
    ],
    caughtBy: { file: 'r07-shown-once', test: /killed \d+ times while it reads/, says: /lost: / },
  },
  {
    name: 'drop oldest',
    promise: 'R9',
    edits: [
      {
        file: 'src/state/commands/send.ts',
        find: '  if (!isFull) return;',
        put: `  if (!isFull) return;
  const oldest = store.get<{ position: number }>('SELECT min(position) AS position FROM route WHERE channel = ?', channel);
  store.run('DELETE FROM route WHERE channel = ? AND position = ?', channel, oldest?.position ?? 0);
  if (oldest) return;`,
      },
    ],
    caughtBy: { file: 'r09-full', test: /takes its ten thousandth message/, says: /'ok' to be 'inbox_full'/ },
  },
  {
    name: 'prune unread',
    promise: 'R10',
    edits: [
      {
        file: 'src/state/commands/prune.ts',
        find: 'if (!row || isUnread(store, row)) continue;',
        put: 'if (!row) continue;',
      },
      {
        file: 'src/relay/upkeep.ts',
        find: '!found.has(row.position) && !isUnread(store, row)',
        put: '!found.has(row.position) || isUnread(store, row)',
      },
    ],
    caughtBy: { file: 'r10-every-id', test: /is never pruned, however old/, says: /pruned unread: 0/ },
  },
  {
    name: 'no epoch',
    promise: 'R11',
    inProcess: true,
    edits: [
      {
        file: 'src/data/restore.ts',
        find: "state.apply({ type: 'found', epoch: instanceId(random) });",
        put: 'void random;',
      },
    ],
    caughtBy: {
      file: 'r11-gaps',
      test: /when an old backup was restored/,
      says: /gaps of a restore that were not said/,
    },
  },
  {
    name: 'no ping',
    promise: 'R13',
    inProcess: true,
    edits: [
      {
        file: 'src/relay/connection.ts',
        find: '  checkPulse(): void {',
        put: "  checkPulse(): void {\n    if (this.#phase === 'open' || this.#phase === 'closed') return;",
      },
    ],
    caughtBy: {
      file: 'r13-silent-peers',
      test: /is lost within sixteen seconds/,
      says: /silent peers not noticed in time/,
    },
  },
  {
    name: 'ignore EIO',
    promise: 'R15',
    inProcess: true,
    edits: [
      {
        file: LOCAL,
        find: " database.exec('COMMIT');\n        this.#log.sync();\n",
        put: " try { database.exec('COMMIT'); this.#log.sync(); } catch { rollback(database); }\n",
      },
    ],
    caughtBy: { file: 'r15-failing-disk', test: /is never covered up/, says: /lies about a failing disk/ },
  },
];
