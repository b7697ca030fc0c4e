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

/** At most `limit` positions of the range, in its order. */
export function sentTo(store: Store, channel: number, range: Range, limit: number): number[] {
  // A flush may file some of the tail: between the two parts, it would give them twice or not at all.
  store.flush();
  const parts = [filed, recent];
  const found: number[] = [];
  for (const part of range.ascending ? parts : parts.reverse()) {
    if (found.length < limit) found.push(...part(store, channel, range, limit - found.length));
  }
  return found;
}

function filed(store: Store, channel: number, { after, before, ascending }: Range, limit: number): number[] {
  if (after >= store.tail.start) return [];
  const order = ascending ? 'ASC' : 'DESC';
  const sql = `SELECT position FROM route WHERE channel = ? AND position > ? AND position < ? ORDER BY position ${order} LIMIT ?`;
  return store.all<{ position: number }>(sql, channel, after, before, limit).map((row) => row.position);
}

function recent(store: Store, channel: number, { after, before, ascending }: Range, limit: number): number[] {
  const sent = store.tail.sentTo(channel);
  const within = sent.slice(firstAfter(sent, after), firstAfter(sent, before - 1));
  return ascending ? within.slice(0, limit) : within.reverse().slice(0, limit);
}

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
