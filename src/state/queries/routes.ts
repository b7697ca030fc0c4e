/** What was sent to a channel: filed in `route`, the newest in the tail. */
import type { Store } from '../store.ts';

export interface Range {
  readonly after: number;
  readonly before: number;
  readonly ascending: boolean;
}

/** What a session sent is filed like a channel of its own. */
export function sentBy(session: number): number {
  return 0 - session; // not -0 for the relay itself
}

/** Whose envelopes: all, `only` those of one, or those that are `not` of one. */
export interface Senders {
  readonly only?: number;
  readonly not?: number;
}

const ALL: Senders = {};

/** At most `limit` positions of the range, in its order. Those of other senders are looked at, too, and passed over. */
export function sentTo(store: Store, channel: number, range: Range, limit: number, senders = ALL): number[] {
  const parts = [filed, recent];
  const found: number[] = [];
  for (const part of range.ascending ? parts : parts.reverse()) {
    if (found.length < limit) found.push(...part(store, channel, range, limit - found.length, senders));
  }
  return found;
}

type Part = (store: Store, channel: number, range: Range, limit: number, senders: Senders) => number[];

const filed: Part = (store, channel, { after, before, ascending }, limit, { only, not }) => {
  if (after >= store.tail.start) return [];
  const whose = only !== undefined ? 'AND sender = ?5' : not !== undefined ? 'AND sender <> ?5' : '';
  const sql = `SELECT position FROM route WHERE channel = ?1 AND position > ?2 AND position < ?3 ${whose} ORDER BY position ${ascending ? 'ASC' : 'DESC'} LIMIT ?4`;
  const sender = only ?? not;
  const rows = store.all<{ position: number }>(
    sql,
    ...[channel, after, before, limit, ...(sender === undefined ? [] : [sender])],
  );
  return rows.map((row) => row.position);
};

const recent: Part = ({ tail }, channel, { after, before, ascending }, limit, { only, not }) => {
  const sent = tail.sentTo(channel);
  const within = sent.slice(firstAfter(sent, after), firstAfter(sent, before - 1));
  const isWanted = (position: number) => {
    const sender = tail.row(position)?.sender;
    return (only === undefined || sender === only) && (not === undefined || sender !== not);
  };
  const wanted = only === undefined && not === undefined ? within : within.filter(isWanted);
  return ascending ? wanted.slice(0, limit) : wanted.reverse().slice(0, limit);
};

/** Index of the first that is greater; they ascend. */
export function firstAfter(positions: readonly number[], after: number): number {
  let [low, high] = [0, positions.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((positions[middle] ?? 0) > after) high = middle;
    else low = middle + 1;
  }
  return low;
}
