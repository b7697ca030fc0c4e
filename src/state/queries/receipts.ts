/** How far envelopes got: from the receipt rows, and where there is none, from the session's cursors. */
import type { HeldWhy } from '../../protocol/held.ts';
import { awaitsNotice, type Receipt, type ReceiptState } from '../../protocol/receipt.ts';
import type { Store } from '../store.ts';
import type { EnvelopeRow, Trace } from './envelopes.ts';
import type { SessionRow } from './sessions.ts';

export interface ReceiptRow {
  readonly state: ReceiptState;
  readonly at: number | null;
  readonly handed_at: number | null;
  readonly seen_at: number | null;
  readonly reason: string | null;
}

interface RecipientRow extends ReceiptRow {
  readonly name: string;
  readonly unseen: string | null;
  readonly held: HeldWhy | null;
}

export function receiptRow(store: Store, position: number, session: number): ReceiptRow | undefined {
  if (position > store.tail.start) return store.tail.receipt(position, session);
  return store.get<ReceiptRow>(
    'SELECT state, at, handed_at, seen_at, reason FROM receipt WHERE position = ? AND session = ?',
    position,
    session,
  );
}

/** Of all envelopes after a position. */
export function receiptsAfter(
  store: Store,
  position: number,
): (ReceiptRow & { readonly position: number; readonly session: number })[] {
  const sql = 'SELECT position, session, state, at, handed_at, seen_at, reason FROM receipt WHERE position > ?';
  return store.all(sql, position);
}

/** The state of an envelope that `session` is a recipient of. */
export function receiptState(store: Store, session: SessionRow, position: number, direct: boolean): ReceiptState {
  const row = receiptRow(store, position, session.id);
  if (row) return row.state;
  if (direct) return 'stored';
  return position <= session.seen ? 'seen' : position <= session.handed ? 'handed' : 'stored';
}

/** Cursors speak for group mail only: direct mail has a row as soon as it is handed. */
const STATE = `coalesce(receipt.state, CASE
  WHEN follow.session = follow.channel THEN 'stored' WHEN session.seen >= ?2 THEN 'seen' WHEN session.handed >= ?2 THEN 'handed' ELSE 'stored' END)`;
const UNSEEN = '(SELECT remark.reason FROM remark WHERE remark.position = ?2 AND remark.session = follow.session)';
const HELD_WHY =
  '(SELECT held.why FROM held WHERE held.position = ?2 AND held.session = follow.session AND held.is_open = 1)';
const RECIPIENTS = `
  FROM follow JOIN session ON session.id = follow.session JOIN channel ON channel.id = session.id
  LEFT JOIN receipt ON receipt.position = ?2 AND receipt.session = follow.session
  WHERE follow.channel = ?1 AND follow.since < ?2 AND follow.until >= ?2 AND (follow.session <> ?3 OR follow.session = follow.channel)`;

export function recipientsOf(store: Store, row: Trace, limit: number): { recipients: Receipt[]; more: number } {
  const found = new Map<string, Receipt>();
  for (const channel of row.channels) {
    const rows = store.all<RecipientRow>(
      `SELECT channel.name, ${STATE} AS state, receipt.at, handed_at, seen_at, receipt.reason, ${UNSEEN} AS unseen, ${HELD_WHY} AS held
       ${RECIPIENTS} ORDER BY channel.name`,
      channel,
      row.position,
      row.sender,
    );
    for (const each of rows) found.set(each.name, toReceipt(each));
  }
  const recipients = [...found.values()];
  return { recipients: recipients.slice(0, limit), more: Math.max(0, recipients.length - limit) };
}

/** How many recipients are in each state; one that two addresses reach counts for each. */
export function countStates(store: Store, row: Trace): Partial<Record<ReceiptState, number>> {
  const counts: Partial<Record<ReceiptState, number>> = {};
  for (const channel of row.channels) {
    const sql = `SELECT ${STATE} AS state, count(*) AS n ${RECIPIENTS} GROUP BY 1`;
    for (const { state, n } of store.all<{ state: ReceiptState; n: number }>(sql, channel, row.position, row.sender)) {
      counts[state] = (counts[state] ?? 0) + n;
    }
  }
  return counts;
}

/** Recipients through that channel who were not handed it and have no end of it either. */
export function unreadBy(store: Store, row: Trace, channel: number, limit: number): number[] {
  const sql = `SELECT follow.session AS session ${RECIPIENTS} AND ${STATE} = 'stored' ORDER BY follow.session LIMIT ?4`;
  const rows = store.all<{ session: number }>(sql, channel, row.position, row.sender, limit);
  return rows.map(({ session }) => session);
}

/** Has anybody yet to read it? */
export function isUnread(store: Store, row: Trace): boolean {
  return row.channels.some((channel) => unreadBy(store, row, channel, 1).length > 0);
}

/** How many recipients it has expired for, and the first of them. */
export function expiredFor(store: Store, position: number, limit: number): { count: number; sessions: number[] } {
  const where = "FROM receipt WHERE position = ? AND state = 'expired'";
  const count = store.get<{ n: number }>(`SELECT count(*) AS n ${where}`, position)?.n ?? 0;
  const rows = store.all<{ session: number }>(`SELECT session ${where} ORDER BY session LIMIT ?`, position, limit);
  return { count, sessions: rows.map(({ session }) => session) };
}

/** At most so many recipients that have not seen it, with what is in the way. */
export function unseenBy(store: Store, row: EnvelopeRow, limit: number): { name: string; reason: string }[] {
  const remarked = store.all<{ session: number; reason: string }>(
    'SELECT session, reason FROM remark WHERE position = ? ORDER BY session',
    row.position,
  );
  if (remarked.length === 0) return [];
  const found = recipientsOf(store, row, Number.MAX_SAFE_INTEGER).recipients;
  return found.flatMap(({ name, unseen }) => (unseen === undefined ? [] : { name, reason: unseen })).slice(0, limit);
}

function toReceipt(row: RecipientRow): Receipt {
  return {
    name: row.name,
    state: row.state,
    ...(row.at === null ? {} : { at: row.at }),
    ...(row.handed_at === null ? {} : { handed_at: row.handed_at }),
    ...(row.seen_at === null ? {} : { seen_at: row.seen_at }),
    ...(row.reason === null ? {} : { reason: row.reason }),
    ...(row.unseen === null || !awaitsNotice(row.state) ? {} : { unseen: row.unseen }),
    ...(row.held === null ? {} : { held: row.held }),
  };
}
