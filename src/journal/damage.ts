/** Is a database whole? */
import type { Database } from '../state/store.ts';
import { Failure } from '../util/failure.ts';
import { isDamage } from './queue.ts';

/** Undefined for one that is. Reads the structure, not every row: a second for a gigabyte, about. */
export function damageIn(database: Database): string | undefined {
  try {
    const row = database.prepare('PRAGMA quick_check(1)').get() as { quick_check: string };
    return row.quick_check === 'ok' ? undefined : row.quick_check;
  } catch (error) {
    if (isDamage(error)) return NO_DATABASE;
    throw error;
  }
}

export const NO_DATABASE = 'not a database, or broken pages';

export function damaged(what: string, cause?: unknown): Failure {
  const oneLine = what.replaceAll(/\s+/g, ' ');
  const remedy = 'Restore a backup (claude-relay restore FILE), or move them away to start anew.';
  return new Failure('damaged', `The relay's data are damaged (${oneLine}).`, remedy, cause);
}
