import type { Applied, Effect, Expire } from '../command.ts';
import { moveReceipts } from '../ladder.ts';
import { followersAt } from '../queries/channels.ts';
import { envelopeRow } from '../queries/envelopes.ts';
import type { Store } from '../store.ts';

const AT_ONCE = 100;

/** Whoever was not handed an envelope by its end of life never will be: their receipt says `expired`. */
export function applyExpire(store: Store, command: Expire): Applied<Expire> {
  const sql = 'SELECT expires_at, position FROM expiring WHERE expires_at <= ? ORDER BY expires_at, position LIMIT ?';
  const due = store.all<{ expires_at: number; position: number }>(sql, command.at, AT_ONCE);
  const effects: Effect[] = [];
  for (const { expires_at, position } of due) {
    effects.push(...expireOne(store, position, command.at));
    store.write('DELETE FROM expiring WHERE expires_at = ? AND position = ?', expires_at, position);
  }
  return { outcome: { more: due.length === AT_ONCE }, effects };
}

function expireOne(store: Store, position: number, at: number): Effect[] {
  const row = envelopeRow(store, position);
  if (!row) return [];
  const recipients = new Set(
    row.channels.flatMap((channel) => followersAt(store, channel, position, row.sender, Number.MAX_SAFE_INTEGER)),
  );
  return [...recipients].flatMap((session) =>
    moveReceipts(store, { session, positions: [position], state: 'expired', at }),
  );
}
