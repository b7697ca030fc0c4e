import type { Envelope } from '../../protocol/envelope.ts';
import type { Store } from '../store.ts';
import { nameOf } from './sessions.ts';

export interface EnvelopeRow {
  readonly position: number;
  readonly id: string;
  readonly sender: number;
  readonly at: number;
  readonly channels: string;
  readonly thread: string | null;
  readonly reply_to: string | null;
  readonly urgent: number;
  readonly expires_at: number | null;
  readonly body: string;
  readonly extra: string | null;
  readonly hash: string;
  /** See `sum.ts`. Null in what was stored before there were sums. */
  readonly sum: number | null;
}

/** What is known of every envelope that was ever stored, also when its words were forgotten. */
export type Trace = Pick<EnvelopeRow, 'position' | 'id' | 'sender' | 'at' | 'channels' | 'hash'>;

/** The newest position; 0 when nothing was sent. What was pruned counts: no position is given twice. */
export function newestPosition(store: Store): number {
  const sql = `SELECT max(coalesce((SELECT max(position) FROM envelope), 0), coalesce((SELECT max(position) FROM pruned), 0)) AS position`;
  return store.get<{ position: number }>(sql)?.position ?? 0;
}

/** When the newest was stored, by the relay's clock then; 0 when there is none. */
export function newestTime(store: Store): number {
  return store.get<{ at: number }>('SELECT at FROM envelope ORDER BY position DESC LIMIT 1')?.at ?? 0;
}

/** Up to here everything that was unread for too long has ended. */
export function endedPosition(store: Store): number {
  return Number(store.get<{ value: string }>("SELECT value FROM meta WHERE key = 'ended'")?.value ?? 0);
}

/** The first envelope after a position. */
export function nextAfter(store: Store, position: number): EnvelopeRow | undefined {
  return store.get<EnvelopeRow>('SELECT * FROM envelope WHERE position > ? ORDER BY position LIMIT 1', position);
}

export function traceById(store: Store, id: string): Trace | undefined {
  return envelopeRowById(store, id) ?? store.get<Trace>('SELECT * FROM pruned WHERE id = ?', id);
}

export function isKnown(store: Store, id: string): boolean {
  return traceById(store, id) !== undefined;
}

export function envelopeRow(store: Store, position: number): EnvelopeRow | undefined {
  return store.get<EnvelopeRow>('SELECT * FROM envelope WHERE position = ?', position);
}

export function envelopeRowById(store: Store, id: string): EnvelopeRow | undefined {
  return store.get<EnvelopeRow>('SELECT * FROM envelope WHERE id = ?', id);
}

/** The channels that an envelope was sent to; none when the disk has made the list unreadable. */
export function channelsOf(row: Pick<EnvelopeRow, 'channels'>): number[] {
  try {
    const channels: number[] = JSON.parse(row.channels);
    return channels;
  } catch {
    return []; // damaged: `isIntact` says so, and whoever needs to know asks the routes
  }
}

/** As it travels; sender and addresses by their present names. */
export function toEnvelope(store: Store, row: EnvelopeRow): Envelope {
  const extra: Pick<Envelope, 'attachments' | 'signature' | 'key_id'> = row.extra === null ? {} : JSON.parse(row.extra);
  return {
    id: row.id,
    position: row.position,
    from: nameOf(store, row.sender),
    to: channelsOf(row).map((channel) => nameOf(store, channel)),
    at: row.at,
    ...(row.thread === null ? {} : { thread: row.thread }),
    ...(row.reply_to === null ? {} : { reply_to: row.reply_to }),
    ...(row.urgent ? { priority: 'urgent' as const } : {}),
    ...(row.expires_at === null ? {} : { expires_at: row.expires_at }),
    ...extra,
    body: row.body,
  };
}
