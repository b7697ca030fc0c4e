/**
 * Forgets the words of envelopes that everybody is done with. What they were, who sent them and what became of them stays:
 * an id that is sent again is still known, and its sender may still ask. What somebody has yet to read is left alone.
 */
import type { Applied, Prune } from '../command.ts';
import { NO_EFFECTS } from '../command.ts';
import { writeException } from '../ladder.ts';
import { type EnvelopeRow, envelopeRow } from '../queries/envelopes.ts';
import { isUnread } from '../queries/receipts.ts';
import { sentBy } from '../queries/routes.ts';
import type { Store } from '../store.ts';

export function applyPrune(store: Store, command: Prune): Applied<Prune> {
  let pruned = 0;
  for (const position of command.positions) {
    const row = envelopeRow(store, position);
    if (!row || isUnread(store, row)) continue;
    forget(store, row);
    pruned += 1;
  }
  return { outcome: { pruned }, effects: NO_EFFECTS };
}

function forget(store: Store, row: EnvelopeRow): void {
  const { position, id, sender, at, channels, hash, expires_at } = row;
  for (const channel of channels) keepHanded(store, row, channel);
  store.flush();
  store.write(
    'INSERT INTO pruned (position, id, sender, at, channels, hash) VALUES (?, ?, ?, ?, ?, ?)',
    position,
    id,
    sender,
    at,
    JSON.stringify(channels),
    hash,
  );
  if (position > store.tail.start) store.write('INSERT INTO known (id, position) VALUES (?, ?)', id, position);
  for (const channel of [...channels, sentBy(sender)])
    store.write('DELETE FROM route WHERE channel = ? AND position = ?', channel, position);
  if (expires_at !== null)
    store.write('DELETE FROM expiring WHERE expires_at = ? AND position = ?', expires_at, position);
  store.write('DELETE FROM held WHERE position = ?', position);
  store.write('DELETE FROM envelope WHERE position = ?', position);
  store.tail.remove(position);
}

/** Group mail that was handed and not seen: once the route is gone, the `seen` cursor passes over it and would say that it was. */
function keepHanded(store: Store, { position, sender }: EnvelopeRow, channel: number): void {
  const sql = `SELECT session.id FROM follow JOIN session ON session.id = follow.session
    WHERE follow.channel = ?1 AND follow.session <> follow.channel AND follow.since < ?2 AND follow.until >= ?2
      AND follow.session <> ?3 AND session.seen < ?2 AND session.handed >= ?2`;
  for (const session of store.all<{ id: number }>(sql, channel, position, sender))
    writeException(store, session, position);
}
