/**
 * What one session may see of the past: what it sent, what was sent to it, its rooms, broadcasts. Nobody else's.
 * Every page goes through `maySee`, whatever found it.
 */
import type { Store } from '../store.ts';
import { isIntact } from '../sum.ts';
import { openChannels } from './channels.ts';
import { type EnvelopeRow, envelopeRow } from './envelopes.ts';
import { isShown } from './held.ts';
import { type Range, type Senders, sentBy, sentTo } from './routes.ts';

export interface HistoryFilter {
  /** The other side of a conversation. */
  readonly with?: number;
  readonly room?: number;
  readonly thread?: string;
  readonly incoming?: boolean;
}

export interface HistoryPage extends Range {
  readonly count: number;
  /** Positions that are looked at at once, where most are passed over. */
  readonly stretch?: number;
}

const CHUNK = 256;
/** Positions: some 10 ms where all were sent to one session. */
const STRETCH = 65_536;

/** Positions that may fit, the next of the range in its order, at most `limit`. */
export type Find = (range: Range, limit: number) => Promise<readonly number[]>;

export interface Found {
  /** Of the range, oldest first. Time has passed since: whoever reads them asks `maySeeRow` again. */
  readonly positions: readonly number[];
  readonly more: boolean;
  /** Met on the way and not what was stored: for nobody to read, and in nobody's place. */
  readonly damaged: readonly number[];
}

/**
 * Envelopes of the range, from the narrowest index that helps; a few milliseconds to a step, since who looks for what is rare,
 * or not there, is not to hold up others.
 */
export function* history(
  store: Store,
  session: number,
  filter: HistoryFilter,
  range: HistoryPage,
): Generator<undefined, Found> {
  const walk = new Walk(store, session, filter, range);
  for (let limit = firstChunk(filter, [], range); ; limit = CHUNK) {
    const stretch = isSparse(filter) ? stretchOf(walk.range, store.tail.newest) : walk.range;
    if (!walk.take(candidates(store, session, filter, walk.open, stretch, limit), limit)) {
      if (walk.isFull || !walk.passOver(stretch)) return walk.found;
    }
    yield;
  }
}

/** Does it pass over most of what lies in the range? */
function isSparse({ thread, with: other, incoming }: HistoryFilter): boolean {
  return thread === undefined && (other !== undefined || incoming === true);
}

/** The next positions of a range, as many as may be looked at at once. */
function stretchOf(range: HistoryPage, newest: number): Range {
  const { stretch = STRETCH } = range;
  if (range.ascending) return { ...range, before: Math.min(range.before, range.after + stretch) };
  const before = Math.min(range.before, newest + 1);
  return { ...range, before, after: Math.max(range.after, before - stretch) };
}

/** Those of them that `find` finds, which knows rooms and other sides. */
export async function historyOf(
  store: Store,
  session: number,
  filter: HistoryFilter,
  range: HistoryPage,
  find: Find,
): Promise<Found> {
  const walk = new Walk(store, session, filter, range);
  let limit = firstChunk(filter, ['room', 'with'], range);
  while (walk.take(await find(walk.range, limit), limit)) limit = CHUNK;
  return walk.found;
}

/** One more than the page where all that comes should fit: the first look is the last then. */
function firstChunk(filter: HistoryFilter, known: readonly string[], { count }: HistoryPage): number {
  return Object.keys(filter).every((key) => known.includes(key)) ? Math.min(CHUNK, count + 1) : CHUNK;
}

/** A page that fills with what fits, from one end of the range towards the other. It may wait for long: it keeps positions only. */
class Walk {
  readonly open: ReadonlySet<number>;
  range: HistoryPage;
  readonly #store: Store;
  readonly #session: number;
  readonly #filter: HistoryFilter;
  readonly #positions: number[] = [];
  readonly #damaged: number[] = [];

  constructor(store: Store, session: number, filter: HistoryFilter, range: HistoryPage) {
    this.#store = store;
    this.#session = session;
    this.#filter = filter;
    this.range = range;
    this.open = new Set(openChannels(store, session));
  }

  get found(): Found {
    const { count, ascending } = this.range;
    const positions = this.#positions.slice(0, count);
    return { positions: ascending ? positions : positions.reverse(), more: this.isFull, damaged: this.#damaged };
  }

  get isFull(): boolean {
    return this.#positions.length > this.range.count;
  }

  /** Goes on behind a stretch that has no more. False when nothing of the range is left. */
  passOver({ after, before }: Range): boolean {
    const { range } = this;
    this.range = range.ascending ? { ...range, after: before - 1 } : { ...range, before: after + 1 };
    return range.ascending ? before < range.before && before <= this.#store.tail.newest : after > range.after;
  }

  /** False when the page is full, or the range at its end: fewer candidates came than were asked for. */
  take(positions: readonly number[], asked: number): boolean {
    for (const position of positions) {
      this.#look(position);
      if (this.isFull) return false;
    }
    const last = positions.at(-1);
    if (last === undefined || positions.length < asked) return false;
    this.range = this.range.ascending ? { ...this.range, after: last } : { ...this.range, before: last };
    return true;
  }

  #look(position: number): void {
    const row = envelopeRow(this.#store, position);
    if (!row) return;
    // Of one that was altered it is not known for whom it is.
    if (!isIntact(row)) this.#damaged.push(position);
    else if (this.#isOfIt(row)) this.#positions.push(position);
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
  const found = new Set(routesOf(session, filter, open).flatMap(([to, from]) => sentTo(store, to, range, limit, from)));
  return [...found].sort((a, b) => (range.ascending ? a - b : b - a)).slice(0, limit);
}

/** Channels and senders: all that fits is among what they were sent. */
function routesOf(
  session: number,
  { room, with: other, incoming }: HistoryFilter,
  open: ReadonlySet<number>,
): (readonly [to: number, from: Senders])[] {
  const channels = room === undefined ? [...open] : [room];
  const isOwn = room === undefined && !incoming;
  if (other === undefined) {
    // A note to oneself is incoming, too.
    const others = (channel: number) => (incoming && channel !== session ? { not: session } : {});
    return [...channels.map((to) => [to, others(to)] as const), ...(isOwn ? [[sentBy(session), {}] as const] : [])];
  }
  const theirs = channels.map((to) => [to, { only: other }] as const);
  return [...theirs, other === session ? [sentBy(session), {}] : [other, { only: session }]];
}
