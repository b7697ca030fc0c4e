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
}

/** As the table has it. */
type Stored = Omit<EnvelopeRow, 'channels'> & { readonly channels: string };

/** As the table holds it: how much it may disturb. */
export const PRIORITY_NUMBER: Readonly<Record<Priority, number>> = { quiet: -1, normal: 0, urgent: 1 };

function priorityOf({ priority }: Pick<EnvelopeRow, 'priority'>): Pick<Envelope, 'priority'> {
  if (priority === PRIORITY_NUMBER.normal) return {};
  return { priority: priority > 0 ? 'urgent' : 'quiet' };
}

/** The newest position; 0 when nothing was sent. */
export function newestPosition(store: Store): number {
  return store.tail.newest;
}

export function envelopeRow(store: Store, position: number): EnvelopeRow | undefined {
  const kept = store.tail.row(position);
  if (kept) return kept;
  const row = store.getWritten<Stored>('SELECT * FROM envelope WHERE position = ?', position);
  return row && read(row);
}

export function envelopeRowById(store: Store, id: string): EnvelopeRow | undefined {
  const unwritten = store.tail.unwritten(id);
  if (unwritten) return unwritten;
  const found = store.getWritten<{ position: number }>('SELECT position FROM envelope WHERE id = ?', id);
  return found && envelopeRow(store, found.position);
}

/** The newest of a sender first. */
export function recentSends(store: Store, sender: number, count: number): EnvelopeRow[] {
  const range = { after: 0, before: Number.MAX_SAFE_INTEGER, ascending: false };
  return sentTo(store, sentBy(sender), range, count).flatMap((position) => envelopeRow(store, position) ?? []);
}

/** All after a position, oldest first. */
export function envelopesAfter(store: Store, position: number): EnvelopeRow[] {
  return store.all<Stored>('SELECT * FROM envelope WHERE position > ? ORDER BY position', position).map(read);
}

function read(row: Stored): EnvelopeRow {
  const channels: number[] = JSON.parse(row.channels);
  return { ...row, channels };
}

/** As it travels; sender and addresses by their present names. */
export function toEnvelope(store: Store, row: EnvelopeRow): Envelope {
  const extra: Pick<Envelope, 'attachments' | 'signature' | 'key_id'> = row.extra === null ? {} : JSON.parse(row.extra);
  return {
    id: row.id,
    position: row.position,
    from: store.roster.nameOf(row.sender),
    to: row.channels.map((channel) => store.roster.nameOf(channel)),
    at: row.at,
    ...(row.thread === null ? {} : { thread: row.thread }),
    ...(row.reply_to === null ? {} : { reply_to: row.reply_to }),
    ...priorityOf(row),
    ...(row.expires_at === null ? {} : { expires_at: row.expires_at }),
    ...extra,
    body: row.body,
  };
}
