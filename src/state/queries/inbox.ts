/**
 * The inbox of a session: what its channels got after its cursor, without what a receipt row says is done. A broadcast
 * costs its recipients nothing until one of them is out of order. Whoever is caught up reads from memory.
 */
import { utf8Bytes } from '../../protocol/check.ts';
import type { Waiting } from '../backlog.ts';
import type { Interval } from '../roster.ts';
import type { Store } from '../store.ts';
import type { Known } from '../stragglers.ts';
import { envelopeRow, traceById } from './envelopes.ts';
import { firstAfter } from './routes.ts';
import type { SessionRow } from './sessions.ts';

export interface InboxFilter {
  readonly sender?: number;
  readonly thread?: string;
  readonly reply_to?: string;
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
  const from = Math.max(after, session.handed);
  return merged(
    parts.map((part) => unhandedOf(store, session, part, Math.max(from, part.since), limit, sender)),
    limit,
  );
}

function unhandedOf(
  store: Store,
  session: SessionRow,
  part: Interval,
  after: number,
  limit: number,
  sender: number | undefined,
): number[] {
  const { positions, until } = known(store, session, part, after);
  if (positions.length === 0) return look(store, session, part, until, limit, sender);
  const fits = (position: number) => sender === undefined || envelopeRow(store, position)?.sender === sender;
  const first = positions.filter(fits).slice(0, limit);
  return first.length < limit ? [...first, ...look(store, session, part, until, limit - first.length, sender)] : first;
}

/**
 * What is known of it without looking; where it is far to the newest, it is looked once, for all who come after. Always from the
 * cursor: what is learned for who asks about less would take the place of what serves all.
 */
function known(store: Store, session: SessionRow, part: Interval, after: number): Known {
  const { stragglers, tail } = store;
  const from = Math.max(session.handed, part.since);
  const before = stragglers.of(session.id, part, from);
  const wanted = stragglers.wanted(session.id, part, before, tail.newest);
  if (wanted !== undefined) {
    const found = look(store, session, part, before.until, wanted + 1, undefined);
    const positions = [...before.positions, ...found];
    stragglers.learn(session.id, part, { after: from, until: tail.newest, positions });
  }
  return stragglers.of(session.id, part, after);
}

const look: Find = (store, session, part, from, limit, sender) => {
  const filed = from < store.tail.start ? filedIn(store, session, part, from, limit, sender) : [];
  if (filed.length === 0) return recentIn(store, session, part, from, limit, sender);
  return filed.length < limit
    ? [...filed, ...recentIn(store, session, part, from, limit - filed.length, sender)]
    : filed;
};

/** Each once, oldest first, at most `limit`. */
function merged(found: readonly number[][], limit: number): number[] {
  const filled = found.filter((positions) => positions.length > 0);
  if (filled.length <= 1) return filled[0] ?? [];
  return [...new Set(filled.flat())].sort((a, b) => a - b).slice(0, limit);
}

type Find = (
  store: Store,
  session: SessionRow,
  part: Interval,
  from: number,
  limit: number,
  sender: number | undefined,
) => number[];

const filedIn: Find = (store, session, { channel, until }, from, limit, sender) => {
  const sql = `SELECT position ${UNHANDED} AND (?5 IS NULL OR sender = ?5) ORDER BY position LIMIT ?6`;
  const rows = store.all<{ position: number }>(sql, channel, from, until, session.id, sender ?? null, limit);
  return rows.map((row) => row.position);
};

const recentIn: Find = ({ tail }, session, { channel, until }, from, limit, sender) => {
  const sent = tail.sentTo(channel);
  const found: number[] = [];
  for (let i = firstAfter(sent, from); i < sent.length && found.length < limit; i++) {
    const position = sent[i] ?? 0;
    const by = tail.row(position)?.sender;
    const isMail = position <= until && (by !== session.id || channel === session.id);
    if (isMail && (sender ?? by) === by && !tail.receipt(position, session.id)) found.push(position);
  }
  return found;
};

/** As `unhanded`, and what was held and has been accepted since: it may lie before the cursor. */
function withReleased(store: Store, session: SessionRow, after: number, limit: number, filter: InboxFilter): number[] {
  const found = unhanded(store, session, after, limit, filter);
  if (session.released.size === 0) return found;
  const isFrom = (position: number) =>
    filter.sender === undefined || envelopeRow(store, position)?.sender === filter.sender;
  const released = [...session.released].filter((position) => position > after && isFrom(position));
  return merged([released.sort((a, b) => a - b), found], limit).slice(0, limit);
}

/** As `unhanded`, with what was released, also by thread or by what is answered; walks the inbox until enough fit. */
export function unhandedMatching(
  store: Store,
  session: SessionRow,
  after: number,
  limit: number,
  filter: InboxFilter,
): number[] {
  if (filter.thread === undefined && filter.reply_to === undefined)
    return withReleased(store, session, after, limit, filter);
  const matches: number[] = [];
  for (let from = Math.max(after, askedAt(store, filter)); matches.length < limit; ) {
    const page = withReleased(store, session, from, 256, filter);
    for (const position of page) if (fits(store, position, filter)) matches.push(position);
    const last = page.at(-1);
    if (last === undefined || page.length < 256) break;
    from = last;
  }
  return matches.slice(0, limit);
}

/** An answer comes after what it answers; 0 when anything may fit. */
function askedAt(store: Store, { reply_to }: InboxFilter): number {
  return reply_to === undefined ? 0 : (traceById(store, reply_to)?.position ?? 0);
}

function fits(store: Store, position: number, { thread, reply_to }: InboxFilter): boolean {
  const row = envelopeRow(store, position);
  return (thread === undefined || row?.thread === thread) && (reply_to === undefined || row?.reply_to === reply_to);
}

/**
 * How many are unhanded. Mail is counted as it comes and goes, so that a full inbox costs no more than an empty one. No
 * envelope is both direct and group mail for one session (`commands/send.ts`).
 */
export function countUnhanded(store: Store, session: SessionRow): number {
  return directMail(store, session).count + countGroupMail(store, session) + session.released.size;
}

/** What was sent to the session itself and is unhanded; without what is held, or was. */
export function directMail(store: Store, session: SessionRow): Waiting {
  const known = store.backlog.direct(session.id);
  if (known) return known;
  const waiting = countDirectMail(store, session);
  store.backlog.countDirect(session.id, waiting);
  return waiting;
}

const DIRECT = `
  SELECT count(*) AS count, total((SELECT octet_length(body) FROM envelope WHERE envelope.position = route.position)) AS bytes ${UNHANDED}`;

function countDirectMail(store: Store, session: SessionRow): Waiting {
  const { id, handed } = session;
  const own = { channel: id, since: 0, until: Number.MAX_SAFE_INTEGER };
  const recent = recentIn(store, session, own, handed, Number.MAX_SAFE_INTEGER, undefined);
  const bytes = recent.reduce((sum, position) => sum + utf8Bytes(store.tail.row(position)?.body ?? ''), 0);
  const filed = handed < store.tail.start ? store.get<Waiting>(DIRECT, id, handed, own.until, id) : undefined;
  return { count: recent.length + (filed?.count ?? 0), bytes: bytes + (filed?.bytes ?? 0) };
}

function countGroupMail(store: Store, session: SessionRow): number {
  const { backlog, tail } = store;
  const before = backlog.group(session.id);
  if (before?.upTo === tail.newest) return before.count;
  const parts = intervals(store, session).filter((part) => part.channel !== session.id);
  const first = before?.count ?? countFiled(store, session, parts);
  const count = first + unhandedIn(store, session, parts, before?.upTo ?? tail.start, Number.MAX_SAFE_INTEGER).length;
  backlog.countGroup(session.id, { count, upTo: tail.newest });
  return count;
}

function countFiled(store: Store, session: SessionRow, parts: readonly Interval[]): number {
  if (session.handed >= store.tail.start) return 0;
  const sql = `SELECT count(*) AS n ${UNHANDED}`;
  const count = ({ channel, since, until }: Interval) =>
    store.get<{ n: number }>(sql, channel, Math.max(since, session.handed), until, session.id)?.n ?? 0;
  const sum = parts.reduce((total, part) => total + count(part), 0);
  // Only an envelope sent to two of one's rooms at once was counted twice: the exact count then needs the positions.
  if (sum === 0 || parts.length <= 1 || !hasOverlap(store, session)) return sum;
  const found = parts.map((part) =>
    filedIn(store, session, part, Math.max(session.handed, part.since), sum, undefined),
  );
  return merged(found, sum).length;
}

/** Has any unhanded envelope more than one address? */
function hasOverlap(store: Store, session: SessionRow): boolean {
  const sql = "SELECT 1 FROM envelope WHERE position > ? AND channels LIKE '%,%' LIMIT 1";
  return store.get(sql, session.handed) !== undefined;
}

/** Only intervals that can hold something past the cursor. */
function intervals(store: Store, session: SessionRow): readonly Interval[] {
  return store.roster.intervals(session.id).filter((interval) => interval.until > session.handed);
}
