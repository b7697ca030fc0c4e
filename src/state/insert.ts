/** Puts one envelope into the tables: the row, a route for each channel, the counters of direct recipients, the words for the search. */
import { utf8Bytes } from '../protocol/check.ts';
import { newestPosition } from './queries/envelopes.ts';
import type { Store } from './store.ts';
import { type Summed, sumOf } from './sum.ts';

export type NewEnvelope = Omit<Summed, 'position' | 'channels'>;

/** Answers with its position: the next one, and never one that was given before. */
export function insertEnvelope(store: Store, envelope: NewEnvelope, channels: readonly number[]): number {
  const position = newestPosition(store) + 1;
  const row = { ...envelope, position, channels: JSON.stringify(channels) };
  store.run(
    `INSERT INTO envelope (position, id, sender, at, channels, thread, reply_to, urgent, expires_at, body, extra, hash, sum)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    position,
    row.id,
    row.sender,
    row.at,
    row.channels,
    row.thread,
    row.reply_to,
    row.urgent,
    row.expires_at,
    row.body,
    row.extra,
    row.hash,
    sumOf(row),
  );
  for (const channel of channels) {
    store.run('INSERT INTO route (channel, position, sender) VALUES (?, ?, ?)', channel, position, row.sender);
    store.run(
      'UPDATE session SET pending = pending + 1, pending_bytes = pending_bytes + ? WHERE id = ?',
      utf8Bytes(row.body),
      channel,
    );
  }
  if (row.expires_at !== null)
    store.run('INSERT INTO expiring (expires_at, position) VALUES (?, ?)', row.expires_at, position);
  store.run('INSERT INTO search (rowid, body) VALUES (?, ?)', position, row.body);
  return position;
}
