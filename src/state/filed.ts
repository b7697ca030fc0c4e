/**
 * Is everything found where it was filed? An envelope is summed, and of a page SQLite knows its shape; that a number in `route` or
 * `known` is another one than was written only the envelopes can tell, from which both were made. One that is not found would be
 * in nobody's inbox, and nobody would be told.
 */
import { envelopeRow } from './queries/envelopes.ts';
import type { Store } from './store.ts';
import { isIntact } from './sum.ts';

const FILED = "(SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'filed')";

/** Of what is filed: where a row is missing for a channel, for the sender, or for the id. */
const MISSED = `
  SELECT position FROM envelope WHERE position <= ${FILED} AND NOT (
    EXISTS (SELECT 1 FROM known WHERE known.id = envelope.id AND known.position = envelope.position)
    AND EXISTS (SELECT 1 FROM route WHERE channel = -envelope.sender AND route.position = envelope.position)
    AND NOT EXISTS (
      SELECT 1 FROM json_each(iif(json_valid(channels), channels, '[]')) AS sent WHERE NOT EXISTS (
        SELECT 1 FROM route WHERE channel = sent.value AND route.position = envelope.position AND route.sender = envelope.sender
      )
    )
  )`;

const EARLY = `SELECT position FROM route WHERE position > ${FILED} LIMIT 1`;

/** What is not where it was filed, or is filed and should not be, in words; undefined when all is well. Looks at every envelope: two seconds for a million. */
export function misfiled(store: Store): string | undefined {
  const position = store.get<{ position: number }>(EARLY)?.position ?? missed(store);
  return position === undefined ? undefined : `message ${position} is not where it was filed`;
}

/** Of an envelope that was altered itself the reader is told; where it was filed only its true self would know. */
function missed(store: Store): number | undefined {
  return store.all<{ position: number }>(MISSED).find(({ position }) => {
    const row = envelopeRow(store, position);
    return row !== undefined && isIntact(row);
  })?.position;
}
