import type { Envelope, Priority } from '../../protocol/envelope.ts';
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
  /** `PRIORITY_NUMBER`. */
  readonly priority: number;
  readonly expires_at: number | null;
  readonly body: string;
  readonly extra: string | null;
  readonly hash: string;
}

/** As the table holds it: how much it may disturb. */
export const PRIORITY_NUMBER: Readonly<Record<Priority, number>> = { quiet: -1, normal: 0, urgent: 1 };

function priorityOf({ priority }: Pick<EnvelopeRow, 'priority'>): Pick<Envelope, 'priority'> {
  if (priority === PRIORITY_NUMBER.normal) return {};
  return { priority: priority > 0 ? 'urgent' : 'quiet' };
}

/** The newest position; 0 when nothing was sent. */
export function newestPosition(store: Store): number {
  return store.get<{ position: number }>('SELECT coalesce(max(position), 0) AS position FROM envelope')?.position ?? 0;
}

export function envelopeRow(store: Store, position: number): EnvelopeRow | undefined {
  return store.get<EnvelopeRow>('SELECT * FROM envelope WHERE position = ?', position);
}

export function envelopeRowById(store: Store, id: string): EnvelopeRow | undefined {
  return store.get<EnvelopeRow>('SELECT * FROM envelope WHERE id = ?', id);
}

/** The channels that an envelope was sent to. */
export function channelsOf(row: Pick<EnvelopeRow, 'channels'>): number[] {
  const channels: number[] = JSON.parse(row.channels);
  return channels;
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
    ...priorityOf(row),
    ...(row.expires_at === null ? {} : { expires_at: row.expires_at }),
    ...extra,
    body: row.body,
  };
}
