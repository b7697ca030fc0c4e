/** Is a database whole? */
import { misfiled } from '../state/filed.ts';
import { SCHEMA_VERSION } from '../state/schema.ts';
import { type Database, Store } from '../state/store.ts';
import { Failure } from '../util/failure.ts';
import { isDamage, isForeign } from './queue.ts';

/**
 * Undefined for one that is. Reads the structure, each row's place in it, and whether messages are where they were filed, not
 * what they say, which has a sum: six seconds for a gigabyte, about.
 */
export function damageIn(database: Database): string | undefined {
  try {
    const row = database.prepare('PRAGMA integrity_check(1)').get() as { integrity_check: string };
    return row.integrity_check === 'ok' ? strayIn(database) : row.integrity_check;
  } catch (error) {
    if (isDamage(error)) return NO_DATABASE;
    if (isForeign(error)) return FOREIGN;
    throw error;
  }
}

/** Older tables file otherwise: they are looked at when they have been brought to the newest version and are opened again. */
function strayIn(database: Database): string | undefined {
  const { user_version: version } = database.prepare('PRAGMA user_version').get() as { user_version: number };
  return version === SCHEMA_VERSION ? misfiled(new Store(database)) : undefined;
}

export const NO_DATABASE = 'not a database, or broken pages';
export const FOREIGN = 'tables that are not those of a relay';

export function damaged(what: string, cause?: unknown): Failure {
  const oneLine = what.replaceAll(/\s+/g, ' ');
  const remedy = 'Restore a backup (claude-relay restore FILE), or move them away to start anew.';
  return new Failure('damaged', `The relay's data are damaged (${oneLine}).`, remedy, cause);
}
