/**
 * Ends what outlived its time: what its sender gave an end of life, and what nobody has read for as long as an inbox
 * keeps it. Whoever was not handed it by then never will be: their receipt says `expired`, and the sender is told once.
 */
import type { Applied, Effect, Expire } from '../command.ts';
import { moveReceipts } from '../ladder.ts';
import { tellEnd } from '../notice.ts';
import { countFollowersAt } from '../queries/channels.ts';
import { type EnvelopeRow, endedPosition, envelopeRow, nextAfter } from '../queries/envelopes.ts';
import { expiredFor, unreadBy } from '../queries/receipts.ts';
import type { Store } from '../store.ts';

/** Receipts looked at by one command: bounds how long it keeps the others waiting. */
const AT_ONCE = 500;
/** Recipients of a notice; it names fewer. */
const NAMED = 8;

export function applyExpire(store: Store, command: Expire): Applied<Expire> {
  const work = { left: AT_ONCE };
  const effects = [...endDue(store, command, work), ...endUnread(store, command, work)];
  return { outcome: { more: work.left <= 0 }, effects };
}

/** What was to live until now, and no longer. */
function endDue(store: Store, { at }: Expire, work: { left: number }): Effect[] {
  const sql = 'SELECT expires_at, position FROM expiring WHERE expires_at <= ? ORDER BY expires_at, position LIMIT ?';
  const effects: Effect[] = [];
  for (const due of store.all<{ expires_at: number; position: number }>(sql, at, AT_ONCE)) {
    if (work.left <= 0) break;
    const row = envelopeRow(store, due.position);
    const isDone = !row || end(store, row, at, work, effects);
    if (isDone) store.write('DELETE FROM expiring WHERE expires_at = ? AND position = ?', due.expires_at, due.position);
  }
  return effects;
}

/** In order of position, from where the last one came to. */
function endUnread(store: Store, { at, stored }: Expire, work: { left: number }): Effect[] {
  const effects: Effect[] = [];
  if (stored === undefined) return effects;
  const begun = endedPosition(store);
  let ended = begun;
  for (let row = nextAfter(store, ended); row && row.at <= stored && work.left > 0; row = nextAfter(store, ended)) {
    if (!end(store, row, at, work, effects)) break;
    ended = row.position;
  }
  if (ended > begun)
    store.write(
      "INSERT INTO meta (key, value) VALUES ('ended', ?) ON CONFLICT DO UPDATE SET value = excluded.value",
      String(ended),
    );
  return effects;
}

/** Answers whether nobody is left who has it unread; the sender is told when the last of them is ended. */
function end(store: Store, row: EnvelopeRow, at: number, work: { left: number }, effects: Effect[]): boolean {
  const { position } = row;
  let isDone = true;
  let ended = 0;
  for (const channel of row.channels) {
    work.left -= 1 + countFollowersAt(store, channel, position, row.sender);
    const sessions = unreadBy(store, row, channel, AT_ONCE + 1);
    isDone &&= sessions.length <= AT_ONCE;
    ended += sessions.length;
    for (const session of sessions.slice(0, AT_ONCE))
      effects.push(...moveReceipts(store, { session, positions: [position], state: 'expired', at, endsHeld: true }));
  }
  if (isDone && ended > 0)
    effects.push(...tellEnd(store, row, { ...expiredFor(store, position, NAMED), state: 'expired', at }));
  return isDone;
}
