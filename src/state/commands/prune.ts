/**
 * Forgets the words of envelopes that everybody is done with. What they were, who sent them and what became of them stays:
 * an id that is sent again is still known, and its sender may still ask. What somebody has yet to read is left alone.
 */
import type { Applied, Prune } from '../command.ts';
import { NO_EFFECTS } from '../command.ts';
import { channelsOf, type EnvelopeRow, envelopeRow } from '../queries/envelopes.ts';
import { isUnread } from '../queries/receipts.ts';
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
  const { position, id, sender, at, channels, hash } = row;
  store.run(
    'INSERT INTO pruned (position, id, sender, at, channels, hash) VALUES (?, ?, ?, ?, ?, ?)',
    position,
    id,
    sender,
    at,
    channels,
    hash,
  );
  for (const channel of channelsOf(row)) {
    keepHanded(store, row, channel);
    store.run('DELETE FROM route WHERE channel = ? AND position = ?', channel, position);
  }
  if (row.expires_at !== null)
    store.run('DELETE FROM expiring WHERE expires_at = ? AND position = ?', row.expires_at, position);
  store.run('DELETE FROM search WHERE rowid = ?', position);
  store.run('DELETE FROM envelope WHERE position = ?', position);
}

/** Group mail that was handed and not seen: once the route is gone, the `seen` cursor passes over it and would say that it was. */
function keepHanded(store: Store, row: EnvelopeRow, channel: number): void {
  store.run(
    `INSERT INTO receipt (position, session, state)
     SELECT ?2, follow.session, 'handed' FROM follow JOIN session ON session.id = follow.session
     WHERE follow.channel = ?1 AND follow.session <> follow.channel AND follow.since < ?2 AND follow.until >= ?2
       AND follow.session <> ?3 AND session.seen < ?2 AND session.handed >= ?2
     ON CONFLICT DO NOTHING`,
    channel,
    row.position,
    row.sender,
  );
}
