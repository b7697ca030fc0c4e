import type { Envelope, Priority } from '../../protocol/envelope.ts';
import type { Store } from '../store.ts';
import { sentBy, sentTo } from './routes.ts';

export interface EnvelopeRow {
  readonly position: number;
  readonly id: string;
  readonly sender: number;
  readonly at: number;
  /** The channels that it was sent to. */
  readonly channels: readonly number[];
  readonly thread: string | null;
  readonly reply_to: string | null;
  /** `PRIORITY_NUMBER`. */
  readonly priority: number;
  readonly expires_at: number | null;
  readonly body: string;
  readonly extra: string | null;
  readonly hash: string;
  /** See `sum.ts`. Null in what was stored before there were sums. */
  readonly sum: number | null;
}

/** As the tables have it. */
type Stored<Row extends { readonly channels: readonly number[] }> = Omit<Row, 'channels'> & {
  readonly channels: string;
};

/** What is known of every envelope that was ever stored, also when its words were forgotten. */
export type Trace = Pick<EnvelopeRow, 'position' | 'id' | 'sender' | 'at' | 'channels' | 'hash'>;

/** As the table holds it: how much it may disturb. */
export const PRIORITY_NUMBER: Readonly<Record<Priority, number>> = { quiet: -1, normal: 0, urgent: 1 };

function priorityOf({ priority }: Pick<EnvelopeRow, 'priority'>): Pick<Envelope, 'priority'> {
  if (priority === PRIORITY_NUMBER.normal) return {};
  return { priority: priority > 0 ? 'urgent' : 'quiet' };
}

/** The newest position; 0 when nothing was sent. What was pruned counts: no position is given twice. */
export function newestPosition(store: Store): number {
  return store.tail.newest;
}

/** When the newest was stored, by the relay's clock then; 0 when there is none. */
export function newestTime(store: Store): number {
  return store.get<{ at: number }>('SELECT at FROM envelope ORDER BY position DESC LIMIT 1')?.at ?? 0;
}

/** Up to here everything that was unread for too long has ended. */
export function endedPosition(store: Store): number {
  return Number(store.get<{ value: string }>("SELECT value FROM meta WHERE key = 'ended'")?.value ?? 0);
}

/** All messages are paused until then; undefined when they are not. */
export function pausedUntil(store: Store): number | undefined {
  const value = store.get<{ value: string }>("SELECT value FROM meta WHERE key = 'paused'")?.value;
  return value === undefined ? undefined : Number(value);
}

/** The first envelope after a position. */
export function nextAfter(store: Store, position: number): EnvelopeRow | undefined {
  return envelopesAfter(store, position, 1)[0];
}

export function traceById(store: Store, id: string): Trace | undefined {
  const position = positionOf(store, id);
  if (position === undefined) return undefined;
  const row = envelopeRow(store, position);
  if (row) return row;
  const sql = 'SELECT position, id, sender, at, channels, hash FROM pruned WHERE position = ?';
  const pruned = store.getWritten<Stored<Trace>>(sql, position);
  return pruned && read(pruned);
}

export function isKnown(store: Store, id: string): boolean {
  return positionOf(store, id) !== undefined;
}

export function envelopeRow(store: Store, position: number): EnvelopeRow | undefined {
  const kept = store.tail.row(position);
  if (kept) return kept;
  const row = store.getWritten<Stored<EnvelopeRow>>('SELECT * FROM envelope WHERE position = ?', position);
  return row && read<EnvelopeRow>(row);
}

export function envelopeRowById(store: Store, id: string): EnvelopeRow | undefined {
  const position = positionOf(store, id);
  return position === undefined ? undefined : envelopeRow(store, position);
}

/** Of every envelope that was ever stored. */
function positionOf(store: Store, id: string): number | undefined {
  const newest = store.tail.rowById(id);
  if (newest) return newest.position;
  return store.getWritten<{ position: number }>('SELECT position FROM known WHERE id = ?', id)?.position;
}

/** The newest of a sender first. */
export function recentSends(store: Store, sender: number, count: number): EnvelopeRow[] {
  const range = { after: 0, before: Number.MAX_SAFE_INTEGER, ascending: false };
  return sentTo(store, sentBy(sender), range, count).flatMap((position) => envelopeRow(store, position) ?? []);
}

/** After a position, oldest first; all of them without a limit. */
export function envelopesAfter(store: Store, position: number, limit = -1): EnvelopeRow[] {
  const sql = 'SELECT * FROM envelope WHERE position > ? ORDER BY position LIMIT ?';
  return store.all<Stored<EnvelopeRow>>(sql, position, limit).map((row) => read<EnvelopeRow>(row));
}

function read<Row extends { readonly channels: readonly number[] }>(row: Stored<Row>): Row;
function read(row: { readonly channels: string }): { readonly channels: readonly number[] } {
  return { ...row, channels: channelsIn(row.channels) };
}

/** The channels that an envelope was sent to; none when the disk has made the list unreadable: `isIntact` says so then. */
export function channelsIn(text: string): readonly number[] {
  try {
    const channels: unknown = JSON.parse(text);
    return Array.isArray(channels) && channels.every(Number.isSafeInteger) ? channels : [];
  } catch {
    return [];
  }
}

/** As it travels; sender and addresses by their present names. */
export function toEnvelope(store: Store, row: EnvelopeRow): Envelope {
  const { id, position, at, body } = row;
  const from = store.roster.nameOf(row.sender);
  const to = row.channels.map((channel) => store.roster.nameOf(channel));
  if (isPlain(row)) return { id, position, from, to, at, body };
  const extra: Pick<Envelope, 'attachments' | 'signature' | 'key_id'> = row.extra === null ? {} : JSON.parse(row.extra);
  return {
    id,
    position,
    from,
    to,
    at,
    ...(row.thread === null ? {} : { thread: row.thread }),
    ...(row.reply_to === null ? {} : { reply_to: row.reply_to }),
    ...priorityOf(row),
    ...(row.expires_at === null ? {} : { expires_at: row.expires_at }),
    ...extra,
    body,
  };
}

/** Most say nothing but their words. */
function isPlain({ thread, reply_to, priority, expires_at, extra }: EnvelopeRow): boolean {
  const isUsual = priority === PRIORITY_NUMBER.normal && thread === null && reply_to === null;
  return isUsual && expires_at === null && extra === null;
}
