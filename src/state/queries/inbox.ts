/**
 * The inbox of a session: what its channels got after its cursor, without what a receipt row says is done. A broadcast
 * costs its recipients nothing until one of them is out of order.
 */
import type { Store } from '../store.ts';
import type { SessionRow } from './sessions.ts';

export interface InboxFilter {
  readonly sender?: number;
  readonly thread?: string;
  readonly reply_to?: string;
}

interface Interval {
  readonly channel: number;
  readonly since: number;
  readonly until: number;
}

/** One's own messages to a room or to all are not mail; a note to oneself is. */
const UNHANDED = `
  FROM route WHERE channel = ?1 AND position > ?2 AND position <= ?3 AND (sender <> ?4 OR channel = ?4)
  AND NOT EXISTS (SELECT 1 FROM receipt WHERE receipt.position = route.position AND receipt.session = ?4)`;

/** Unhanded positions after `after`, oldest first, at most `limit`. */
export function unhanded(
  store: Store,
  session: SessionRow,
  after: number,
  limit: number,
  filter: InboxFilter = {},
): number[] {
  return unhandedIn(store, session, intervals(store, session), after, limit, filter.sender);
}

function unhandedIn(
  store: Store,
  session: SessionRow,
  parts: readonly Interval[],
  after: number,
  limit: number,
  sender?: number,
): number[] {
  const sql = `SELECT position ${UNHANDED} AND (?5 IS NULL OR sender = ?5) ORDER BY position LIMIT ?6`;
  const found: number[] = [];
  for (const { channel, since, until } of parts) {
    const from = Math.max(after, since, session.handed);
    for (const row of store.all<{ position: number }>(sql, channel, from, until, session.id, sender ?? null, limit))
      found.push(row.position);
  }
  return [...new Set(found)].sort((a, b) => a - b).slice(0, limit);
}

/** As `unhanded`, also by thread or by what is answered; walks the inbox until enough fit. */
export function unhandedMatching(
  store: Store,
  session: SessionRow,
  after: number,
  limit: number,
  filter: InboxFilter,
): number[] {
  if (filter.thread === undefined && filter.reply_to === undefined)
    return unhanded(store, session, after, limit, filter);
  const sql =
    'SELECT 1 FROM envelope WHERE position = ? AND (?2 IS NULL OR thread = ?2) AND (?3 IS NULL OR reply_to = ?3)';
  const matches: number[] = [];
  for (let from = after; matches.length < limit; ) {
    const page = unhanded(store, session, from, 256, filter);
    for (const position of page) {
      if (store.get(sql, position, filter.thread ?? null, filter.reply_to ?? null)) matches.push(position);
    }
    const last = page.at(-1);
    if (last === undefined || page.length < 256) break;
    from = last;
  }
  return matches.slice(0, limit);
}

/**
 * How many are unhanded. Direct mail is counted as it comes and goes, so that a full inbox costs no more than an empty
 * one; group mail is counted here. No envelope is both for one session (`commands/send.ts`).
 */
export function countUnhanded(store: Store, session: SessionRow): number {
  const parts = intervals(store, session).filter((part) => part.channel !== session.id);
  let sum = 0;
  for (const { channel, since, until } of parts) {
    sum +=
      store.get<{ n: number }>(
        `SELECT count(*) AS n ${UNHANDED}`,
        channel,
        Math.max(since, session.handed),
        until,
        session.id,
      )?.n ?? 0;
  }
  // Only an envelope sent to two of one's rooms at once was counted twice: the exact count then needs the positions.
  const isExact = sum === 0 || parts.length <= 1 || !hasOverlap(store, session);
  return session.pending + (isExact ? sum : unhandedIn(store, session, parts, session.handed, sum).length);
}

/** Has any unhanded envelope more than one address? */
function hasOverlap(store: Store, session: SessionRow): boolean {
  const sql = "SELECT 1 FROM envelope WHERE position > ? AND channels LIKE '%,%' LIMIT 1";
  return store.get(sql, session.handed) !== undefined;
}

/** Only intervals that can hold something past the cursor. */
function intervals(store: Store, session: SessionRow): Interval[] {
  const sql = 'SELECT channel, since, until FROM follow WHERE session = ? AND until > ?';
  return store.all<Interval>(sql, session.id, session.handed);
}
