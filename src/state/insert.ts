/** Puts one envelope into the state: its row, the backlog of direct recipients, the end of its life. */
import { utf8Bytes } from '../protocol/check.ts';
import { Into } from './into.ts';
import { type EnvelopeRow, newestPosition } from './queries/envelopes.ts';
import type { Store } from './store.ts';
import { type NewEnvelope, NewRow } from './sum.ts';

type Some = Pick<ReadonlySet<number>, 'has'>;

const NOBODY: Some = new Set();

const ENVELOPE = new Into('INSERT', 'envelope', [
  'position',
  'id',
  'sender',
  'at',
  'channels',
  'thread',
  'reply_to',
  'priority',
  'expires_at',
  'body',
  'extra',
  'hash',
  'sum',
]);
const EXPIRING = new Into('INSERT', 'expiring', ['expires_at', 'position']);

/**
 * Answers with its position: the next one, and never one that was given before. `held`: recipients in whose inbox it is
 * not.
 */
export function insertEnvelope(
  store: Store,
  envelope: NewEnvelope,
  channels: readonly number[],
  held: Some = NOBODY,
): number {
  const row = new NewRow(newestPosition(store) + 1, channels, envelope);
  store.tail.add(row);
  write(store, row);
  const bytes = utf8Bytes(row.body);
  // No group has a backlog of its own.
  for (const channel of channels) if (!held.has(channel)) store.backlog.came(channel, bytes);
  return row.position;
}

function write(store: Store, row: EnvelopeRow): void {
  const { position, id, sender, at, thread, reply_to, priority, expires_at, body, extra, hash, sum } = row;
  const channels = `[${row.channels}]`;
  store
    .gather(ENVELOPE)
    .push(position, id, sender, at, channels, thread, reply_to, priority, expires_at, body, extra, hash, sum);
  if (row.expires_at !== null) store.gather(EXPIRING).push(row.expires_at, row.position);
}
