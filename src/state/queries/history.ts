/**
 * What one session may see of the past: what it sent, what was sent to it, its rooms, broadcasts. Nobody else's.
 * Every page goes through `maySee`, whatever found it.
 */
import type { Store } from '../store.ts';
import { isIntact } from '../sum.ts';
import { openChannels } from './channels.ts';
import { type EnvelopeRow, envelopeRow } from './envelopes.ts';
import { isShown } from './held.ts';
import { type Range, sentBy, sentTo } from './routes.ts';

export interface HistoryFilter {
  /** The other side of a conversation. */
  readonly with?: number;
  readonly room?: number;
  readonly thread?: string;
  readonly incoming?: boolean;
}

interface Page extends Range {
  readonly count: number;
}

const CHUNK = 256;

/** Positions that may fit, the next of the range in its order, at most `limit`. */
export type Find = (range: Range, limit: number) => Promise<readonly number[]>;

interface Found {
  /** Of the range, oldest first; those among them that are not intact are for nobody to read. */
  readonly rows: readonly EnvelopeRow[];
  readonly more: boolean;
}

/** Envelopes of the range, from the narrowest index that helps. */
export function history(store: Store, session: number, filter: HistoryFilter, range: Page): Found {
  const walk = new Walk(store, session, filter, range);
  const limit = Object.keys(filter).length > 0 ? CHUNK : chunkOf(range);
  while (walk.take(candidates(store, session, filter, walk.open, walk.range, limit), limit));
  return walk.found;
}

/** Those of them that `find` finds. */
export async function historyOf(
  store: Store,
  session: number,
  filter: HistoryFilter,
  range: Page,
  find: Find,
): Promise<Found> {
  const walk = new Walk(store, session, filter, range);
  const limit = chunkOf(range);
  while (walk.take(await find(walk.range, limit), limit));
  return walk.found;
}

/** One more than the page: where all fit, the first look is the last. */
function chunkOf({ count }: Page): number {
  return Math.min(CHUNK, count + 1);
}

/** A page that fills with what fits, from one end of the range towards the other. */
class Walk {
  readonly open: ReadonlySet<number>;
  range: Page;
  readonly #store: Store;
  readonly #session: number;
  readonly #filter: HistoryFilter;
  readonly #rows: EnvelopeRow[] = [];

  constructor(store: Store, session: number, filter: HistoryFilter, range: Page) {
    this.#store = store;
    this.#session = session;
    this.#filter = filter;
    this.range = range;
    this.open = new Set(openChannels(store, session));
  }

  get found(): Found {
    const { count, ascending } = this.range;
    const rows = this.#rows.slice(0, count);
    return { rows: ascending ? rows : rows.reverse(), more: this.#rows.length > count };
  }

  /** False when the page is full, or the range at its end: fewer candidates came than were asked for. */
  take(positions: readonly number[], asked: number): boolean {
    for (const position of positions) {
      const row = envelopeRow(this.#store, position);
      // Of one that was altered it is not known for whom it is: where it was filed says so, and the reader is told.
      if (row && (this.#isOfIt(row) || !isIntact(row))) this.#rows.push(row);
      if (this.#rows.length > this.range.count) return false;
    }
    const last = positions.at(-1);
    if (last === undefined || positions.length < asked) return false;
    this.range = this.range.ascending ? { ...this.range, after: last } : { ...this.range, before: last };
    return true;
  }

  /** What is held comes last: it is looked up. */
  #isOfIt(row: EnvelopeRow): boolean {
    if (!maySee(row, this.#session, this.open) || !fits(row, this.#session, this.#filter)) return false;
    return isShown(this.#store, row, this.#session);
  }
}

function maySee(row: EnvelopeRow, session: number, open: ReadonlySet<number>): boolean {
  return row.sender === session || row.channels.some((channel) => open.has(channel));
}

/** May `session` see this one envelope? */
export function maySeeRow(store: Store, row: EnvelopeRow, session: number): boolean {
  return maySee(row, session, new Set(openChannels(store, session))) && isShown(store, row, session);
}

function fits(row: EnvelopeRow, session: number, filter: HistoryFilter): boolean {
  const { channels } = row;
  if (filter.thread !== undefined && row.thread !== filter.thread) return false;
  if (filter.room !== undefined && !channels.includes(filter.room)) return false;
  if (filter.incoming && row.sender === session && !channels.includes(session)) return false;
  if (filter.with === undefined) return true;
  return row.sender === filter.with || (row.sender === session && channels.includes(filter.with));
}

function candidates(
  store: Store,
  session: number,
  filter: HistoryFilter,
  open: ReadonlySet<number>,
  range: Range,
  limit: number,
): number[] {
  const order = range.ascending ? 'ASC' : 'DESC';
  if (filter.thread !== undefined) {
    const sql = `SELECT position FROM envelope WHERE thread = ? AND position > ? AND position < ? ORDER BY position ${order} LIMIT ?`;
    const rows = store.all<{ position: number }>(sql, filter.thread, range.after, range.before, limit);
    return rows.map((row) => row.position);
  }
  const channels = filter.room === undefined ? [...open, sentBy(session)] : [filter.room];
  const found = new Set(channels.flatMap((channel) => sentTo(store, channel, range, limit)));
  return [...found].sort((a, b) => (range.ascending ? a - b : b - a)).slice(0, limit);
}
