/** Looks at everything: the pages of the file, how the tables fit together, and the sum of each envelope. */
import { statSync } from 'node:fs';
import { problemOf } from '../journal/damage.ts';
import { lostPages } from '../journal/log-check.ts';
import { misfiled } from '../state/filed.ts';
import { envelopesAfter, newestPosition } from '../state/queries/envelopes.ts';
import type { Store } from '../state/store.ts';
import { isIntact } from '../state/sum.ts';
import { alteredRow } from '../state/summed.ts';
import { reading } from './reading.ts';

export interface Verified {
  readonly ok: boolean;
  /** Empty when it could not be read to its end: then nothing was counted. */
  readonly epoch: string;
  readonly position: number;
  readonly sessions: number;
  readonly envelopes: number;
  /** Forgotten ones, of which only the ids are known. */
  readonly pruned: number;
  /** Of the file and its log. */
  readonly bytes: number;
  /** What is wrong, a sentence each; at most a hundred. */
  readonly problems: readonly string[];
  /** Envelopes that are not what was stored. */
  readonly damaged: readonly { readonly position: number; readonly id: string }[];
}

const MOST = 100;
/** Envelopes read at a time. */
const PAGE = 500;

/** What must not be there: a query that counts it, and what it would mean. */
const NONE: readonly (readonly [sql: string, what: string])[] = [
  [
    'SELECT count(*) AS n FROM route WHERE NOT EXISTS (SELECT 1 FROM envelope WHERE envelope.position = route.position)',
    'addresses without their message',
  ],
  [
    `SELECT max(coalesce((SELECT max(position) FROM envelope), 0), coalesce((SELECT max(position) FROM pruned), 0))
      - (SELECT count(*) FROM envelope) - (SELECT count(*) FROM pruned) AS n`,
    'messages that are missing',
  ],
  [
    'SELECT count(*) AS n FROM envelope JOIN pruned ON pruned.position = envelope.position',
    'messages that were forgotten and are still there',
  ],
  [
    'SELECT count(*) AS n FROM (SELECT id, position FROM pruned EXCEPT SELECT id, position FROM known)',
    'forgotten messages that are not found by their id',
  ],
  [
    'SELECT count(*) AS n FROM (SELECT id, position FROM known EXCEPT SELECT id, position FROM envelope EXCEPT SELECT id, position FROM pruned)',
    'ids without their message',
  ],
  ['SELECT count(*) AS n FROM session WHERE seen > handed', 'impossible inboxes'],
  [
    'SELECT count(*) AS n FROM follow WHERE NOT EXISTS (SELECT 1 FROM channel WHERE channel.id = follow.channel)',
    'memberships in nothing',
  ],
];

/** Throws a Failure for what is not a file of a relay, or of another version. Damage is what it answers, however far it goes. */
export async function verifyData(path: string): Promise<Verified> {
  const problems: string[] = [];
  try {
    return await reading(path, (store) => {
      problems.push(...brokenPages(store));
      return counted(store, path, problems);
    });
  } catch (error) {
    const problem = problemOf(error);
    if (problem === undefined) throw error;
    return unread(path, [...problems, problem]);
  }
}

/** Of a file that nobody else uses: SQLite throws away what it cannot read of its log, and says nothing. */
export async function verifyCopy(path: string): Promise<Verified> {
  if (lostPages(`${path}-wal`) > 0) return unread(path, ['the end of its log was damaged on the disk']);
  return verifyData(path);
}

function counted(store: Store, path: string, broken: readonly string[]): Verified {
  const problems = [...broken, ...misfits(store)].slice(0, MOST);
  const damaged = damagedIn(store);
  return {
    ok: problems.length === 0 && damaged.length === 0,
    epoch: store.get<{ value: string }>("SELECT value FROM meta WHERE key = 'epoch'")?.value ?? '',
    position: newestPosition(store),
    sessions: count(store, 'SELECT count(*) AS n FROM session'),
    envelopes: count(store, 'SELECT count(*) AS n FROM envelope'),
    pruned: count(store, 'SELECT count(*) AS n FROM pruned'),
    bytes: bytesOf(path),
    problems,
    damaged,
  };
}

function unread(path: string, problems: readonly string[]): Verified {
  const none = { position: 0, sessions: 0, envelopes: 0, pruned: 0 };
  return { ok: false, epoch: '', ...none, bytes: bytesOf(path), problems, damaged: [] };
}

function brokenPages(store: Store): string[] {
  const rows = store.all<{ integrity_check: string }>(`PRAGMA integrity_check(${MOST})`);
  return rows.map((row) => row.integrity_check.replaceAll(/\s+/g, ' ')).filter((text) => text !== 'ok');
}

function misfits(store: Store): string[] {
  const found = NONE.flatMap(([sql, what]) => {
    const n = count(store, sql);
    return n > 0 ? [`${n} ${what}`] : [];
  });
  return [...found, alteredRow(store) ?? [], misfiled(store) ?? []].flat();
}

function damagedIn(store: Store): { position: number; id: string }[] {
  const damaged: { position: number; id: string }[] = [];
  for (let after = 0; damaged.length < MOST; ) {
    const rows = envelopesAfter(store, after, PAGE);
    for (const row of rows) if (!isIntact(row)) damaged.push({ position: row.position, id: row.id });
    const last = rows.at(-1);
    if (!last) break;
    after = last.position;
  }
  return damaged.slice(0, MOST);
}

function count(store: Store, sql: string): number {
  return store.get<{ n: number }>(sql)?.n ?? 0;
}

function bytesOf(path: string): number {
  return sizeOf(path) + sizeOf(`${path}-wal`);
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
