/**
 * What one session may see of the past: what it sent, what was sent to it, its rooms, broadcasts. Nobody else's.
 * Every page goes through `maySee`, whatever found it.
 */
import { RelayError } from '../../protocol/codes.ts';
import type { Store } from '../store.ts';
import { openChannels } from './channels.ts';
import { type EnvelopeRow, envelopeRow } from './envelopes.ts';

export interface HistoryFilter {
  readonly query?: string;
  /** The other side of a conversation. */
  readonly with?: number;
  readonly room?: number;
  readonly thread?: string;
  readonly incoming?: boolean;
}

interface Range {
  readonly before: number;
  readonly after: number;
  readonly count: number;
  /** Oldest of the range first, instead of its newest. */
  readonly ascending: boolean;
}

const CHUNK = 256;

/** Envelopes of the range, oldest first, and whether there is more. */
export function history(
  store: Store,
  session: number,
  filter: HistoryFilter,
  range: Range,
): { rows: EnvelopeRow[]; more: boolean } {
  const open = new Set(openChannels(store, session));
  const found: EnvelopeRow[] = [];
  let { before, after } = range;
  for (;;) {
    const chunk = candidates(store, session, filter, open, { ...range, before, after });
    for (const position of chunk) {
      const row = envelopeRow(store, position);
      if (row && maySee(row, session, open) && fits(row, session, filter)) found.push(row);
      if (found.length > range.count) return page(found, range);
    }
    const last = chunk.at(-1);
    if (last === undefined || chunk.length < CHUNK) return page(found, range);
    if (range.ascending) after = last;
    else before = last;
  }
}

export function maySee(row: EnvelopeRow, session: number, open: ReadonlySet<number>): boolean {
  return row.sender === session || row.channels.some((channel) => open.has(channel));
}

/** May `session` see this one envelope? */
export function maySeeRow(store: Store, row: EnvelopeRow, session: number): boolean {
  return maySee(row, session, new Set(openChannels(store, session)));
}

function page(found: EnvelopeRow[], range: Range): { rows: EnvelopeRow[]; more: boolean } {
  const rows = found.slice(0, range.count);
  return { rows: range.ascending ? rows : rows.reverse(), more: found.length > range.count };
}

function fits(row: EnvelopeRow, session: number, filter: HistoryFilter): boolean {
  const { channels } = row;
  if (filter.thread !== undefined && row.thread !== filter.thread) return false;
  if (filter.room !== undefined && !channels.includes(filter.room)) return false;
  if (filter.incoming && row.sender === session && !channels.includes(session)) return false;
  if (filter.with === undefined) return true;
  return row.sender === filter.with || (row.sender === session && channels.includes(filter.with));
}

/** The next positions that may fit, in the order of the range, from the narrowest index that helps. */
function candidates(
  store: Store,
  session: number,
  filter: HistoryFilter,
  open: ReadonlySet<number>,
  range: Range,
): number[] {
  if (filter.query !== undefined) return searched(store, filter.query, range);
  const order = range.ascending ? 'ASC' : 'DESC';
  const within = `position > ? AND position < ? ORDER BY position ${order} LIMIT ${CHUNK}`;
  const positions = (sql: string, key: string | number) =>
    store.all<{ position: number }>(sql, key, range.after, range.before).map((row) => row.position);
  if (filter.thread !== undefined)
    return positions(`SELECT position FROM envelope WHERE thread = ? AND ${within}`, filter.thread);
  const channels = filter.room === undefined ? open : [filter.room];
  const found = new Set<number>();
  for (const channel of channels) {
    for (const position of positions(`SELECT position FROM route WHERE channel = ? AND ${within}`, channel))
      found.add(position);
  }
  if (filter.room === undefined) {
    for (const position of positions(`SELECT position FROM envelope WHERE sender = ? AND ${within}`, session))
      found.add(position);
  }
  return [...found].sort((a, b) => (range.ascending ? a - b : b - a)).slice(0, CHUNK);
}

function searched(store: Store, query: string, range: Range): number[] {
  const order = range.ascending ? 'ASC' : 'DESC';
  const sql = `SELECT rowid AS position FROM search WHERE search MATCH ? AND rowid > ? AND rowid < ? ORDER BY rowid ${order} LIMIT ${CHUNK}`;
  return store
    .all<{ position: number }>(sql, matchExpression(query), range.after, range.before)
    .map((row) => row.position);
}

/** Words as people type them, all of which must occur; a trailing `*` asks for a prefix. Quoted, so that no FTS5 syntax gets in; U+0000 would end the expression. */
export function matchExpression(query: string): string {
  const words = query.split(/[\s\0]+/).filter((word) => /[\p{L}\p{N}]/u.test(word));
  if (words.length === 0) throw new RelayError('bad_request', 'query must hold at least one word or number.');
  return words
    .map((word) =>
      word.endsWith('*') ? `"${word.slice(0, -1).replaceAll('"', '""')}"*` : `"${word.replaceAll('"', '""')}"`,
    )
    .join(' ');
}
