/** Is a database whole? */
import { misfiled } from '../state/filed.ts';
import { SCHEMA_VERSION } from '../state/schema.ts';
import { type Database, Store } from '../state/store.ts';
import { alteredRow } from '../state/summed.ts';
import { Failure } from '../util/failure.ts';
import { isDamage, isForeign } from './queue.ts';

/**
 * Undefined for one that is. Reads the structure, each row's place in it, the rows that are summed by table, and whether messages
 * are where they were filed, not what they say, which has a sum: six seconds for a gigabyte, about.
 */
export function damageIn(database: Database): string | undefined {
  return found(() => {
    const row = database.prepare('PRAGMA integrity_check(1)').get() as { integrity_check: string };
    return row.integrity_check === 'ok' ? (alteredIn(database) ?? strayIn(database)) : row.integrity_check;
  });
}

/** The part of it that cannot wait: sessions, people and their like, whatever the messages weigh. */
export function rowDamageIn(database: Database): string | undefined {
  return found(() => alteredIn(database));
}

function found(look: () => string | undefined): string | undefined {
  try {
    return look();
  } catch (error) {
    const problem = problemOf(error);
    if (problem !== undefined) return problem;
    throw error;
  }
}

/** Older tables have no sums, or file otherwise: they are looked at when they have been brought to the newest version and are opened again. */
function isNewest(database: Database): boolean {
  const { user_version: version } = database.prepare('PRAGMA user_version').get() as { user_version: number };
  return version === SCHEMA_VERSION;
}

function alteredIn(database: Database): string | undefined {
  return isNewest(database) ? alteredRow(new Store(database)) : undefined;
}

function strayIn(database: Database): string | undefined {
  return isNewest(database) ? misfiled(new Store(database)) : undefined;
}

/** What an error of SQLite says about the file; undefined for one that is not about it. */
export function problemOf(error: unknown): string | undefined {
  if (isDamage(error)) return 'not a database, or broken pages';
  return isForeign(error) ? 'tables that are not those of a relay' : undefined;
}

/** The error itself, or a Failure in its place that says that the data are damaged. */
export function asDamage(error: unknown): unknown {
  const problem = problemOf(error);
  return problem === undefined ? error : damaged(problem, error);
}

export function damaged(what: string, cause?: unknown): Failure {
  const oneLine = what.replaceAll(/\s+/g, ' ');
  const remedy = 'Restore a backup (claude-relay restore FILE), or move them away to start anew.';
  return new Failure('damaged', `The relay's data are damaged (${oneLine}).`, remedy, cause);
}
