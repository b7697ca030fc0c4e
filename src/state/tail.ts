/**
 * The newest envelopes with their receipts, in memory. It serves those who are caught up, the tables the others: the
 * same rows in the same order.
 *
 *     send ──→ tail ──the older half, when there are too many──→ route, known
 *
 * An envelope is in its table at once. In `route`, where the envelopes of one channel are found, and in `known`, where its id
 * is, it is filed when it leaves the tail, with a thousand others: one by one, each would dirty a page for its channel, one for
 * its sender and one for its id. So whoever asks by one of them asks both, the tables up to `start` and the tail after it.
 */
import { utf8Bytes } from '../protocol/check.ts';
import { Into } from './into.ts';
import { type EnvelopeRow, envelopesAfter } from './queries/envelopes.ts';
import { type ReceiptRow, receiptsAfter } from './queries/receipts.ts';
import { firstAfter, sentBy } from './queries/routes.ts';
import type { Store } from './store.ts';

/**
 * Positions, of which forgotten envelopes hold theirs: what became of those is still here. Past any of these, the older half
 * of the envelopes goes.
 */
const MOST = 4_096;
/** Of the bodies. */
const MOST_BYTES = 16 * 1024 * 1024;
/** Receipts for each of those positions: some 150 bytes each. */
const MOST_RECEIPTS = 8;

const NONE: readonly number[] = [];
const KNOWN = new Into('INSERT', 'known', ['id', 'position']);
const ROUTE = new Into('INSERT', 'route', ['channel', 'position', 'sender']);

export class Tail {
  readonly #store: Store;
  readonly #most: number;
  readonly #rows = new Map<number, EnvelopeRow>();
  /** Channel → positions sent to it, oldest first. */
  readonly #channels = new Map<number, number[]>();
  /** Session → position → the row that the table has. */
  readonly #receipts = new Map<number, Map<number, ReceiptRow>>();
  readonly #ids = new Map<string, EnvelopeRow>();
  #isLoaded = false;
  #bytes = 0;
  #receiptCount = 0;
  #newest = 0;
  #start = 0;

  constructor(store: Store, most = MOST) {
    this.#store = store;
    this.#most = most;
  }

  /** The newest position; 0 when nothing was sent. */
  get newest(): number {
    this.#load();
    return this.#newest;
  }

  /** Everything after this position is here. */
  get start(): number {
    this.#load();
    return this.#start;
  }

  /** A new envelope, the newest of all. */
  add(row: EnvelopeRow): void {
    this.#newest = row.position;
    this.#keep(row);
  }

  row(position: number): EnvelopeRow | undefined {
    this.#load();
    return this.#rows.get(position);
  }

  rowById(id: string): EnvelopeRow | undefined {
    this.#load();
    return this.#ids.get(id);
  }

  /** It is forgotten; what became of it is not. */
  remove(position: number): void {
    const row = this.#rows.get(position);
    if (!row) return;
    this.#rows.delete(position);
    this.#ids.delete(row.id);
    this.#bytes -= utf8Bytes(row.body);
    for (const channel of channelsOf(row)) {
      const left = this.sentTo(channel).filter((each) => each !== position);
      if (left.length > 0) this.#channels.set(channel, left);
      else this.#channels.delete(channel);
    }
  }

  /** The receipt row of one of its envelopes: the table has none that is not here. */
  receipt(position: number, session: number): ReceiptRow | undefined {
    return this.#receipts.get(session)?.get(position);
  }

  keepReceipt(position: number, session: number, receipt: ReceiptRow): void {
    if (position <= this.start) return;
    const receipts = this.#receipts.get(session) ?? new Map<number, ReceiptRow>();
    if (receipts.size === 0) this.#receipts.set(session, receipts);
    if (!receipts.has(position)) this.#receiptCount += 1;
    receipts.set(position, receipt);
  }

  /** Positions sent to `channel`, oldest first. */
  sentTo(channel: number): readonly number[] {
    this.#load();
    return this.#channels.get(channel) ?? NONE;
  }

  /** Files the older half when there is too much, or everything. Part of a commit. */
  file(all: boolean): void {
    if (!all && !this.#isTooMuch()) return;
    this.#load();
    const positions = [...this.#rows.keys()];
    // Those that come last may have been forgotten, or all.
    const last = (all ? undefined : positions[(positions.length - 1) >> 1]) ?? this.#newest;
    if (last <= this.#start) return;
    // One channel after the other: rows of one page come together.
    for (const [channel, sent] of [...this.#channels].sort(([a], [b]) => a - b)) this.#fileChannel(channel, sent, last);
    this.#fileIds(last);
    this.#store.write("REPLACE INTO meta (key, value) VALUES ('filed', ?)", String(last));
    this.#forgetUpTo(last);
  }

  clear(): void {
    for (const held of [this.#rows, this.#ids, this.#channels, this.#receipts]) held.clear();
    this.#bytes = 0;
    this.#receiptCount = 0;
    this.#isLoaded = false;
  }

  /** After a start what a crash left unfiled, after a rollback what there was before. */
  #load(): void {
    if (this.#isLoaded) return;
    this.#isLoaded = true;
    try {
      this.#read();
    } catch (error) {
      // A disk that cannot be read: half of it would be taken for all.
      this.clear();
      throw error;
    }
  }

  #read(): void {
    const filed = this.#store.get<{ value: string }>("SELECT value FROM meta WHERE key = 'filed'")?.value;
    this.#start = Number(filed ?? 0);
    const pruned = this.#store.get<{ position: number | null }>('SELECT max(position) AS position FROM pruned');
    this.#newest = Math.max(this.#start, pruned?.position ?? 0);
    for (const row of envelopesAfter(this.#store, this.#start)) {
      this.#keep(row);
      this.#newest = Math.max(this.#newest, row.position);
    }
    for (const { position, session, ...receipt } of receiptsAfter(this.#store, this.#start))
      this.keepReceipt(position, session, receipt);
  }

  #isTooMuch(): boolean {
    const isLong = this.#newest - this.#start > this.#most;
    return isLong || this.#bytes > MOST_BYTES || this.#receiptCount > this.#most * MOST_RECEIPTS;
  }

  #keep(row: EnvelopeRow): void {
    this.#rows.set(row.position, row);
    this.#ids.set(row.id, row);
    for (const channel of channelsOf(row)) {
      const positions = this.#channels.get(channel);
      if (positions) positions.push(row.position);
      else this.#channels.set(channel, [row.position]);
    }
    this.#bytes += utf8Bytes(row.body);
  }

  #fileChannel(channel: number, sent: readonly number[], last: number): void {
    const count = firstAfter(sent, last);
    for (const position of sent.slice(0, count))
      this.#store.gather(ROUTE).push(channel, position, this.#rows.get(position)?.sender ?? 0);
    if (count === sent.length) this.#channels.delete(channel);
    else if (count > 0) this.#channels.set(channel, sent.slice(count));
  }

  /** In their order, for the same reason. */
  #fileIds(last: number): void {
    const leaving = [...this.#rows.values()].filter(({ position }) => position <= last);
    const known = this.#store.gather(KNOWN);
    for (const { id, position } of leaving.sort((a, b) => (a.id < b.id ? -1 : 1))) known.push(id, position);
  }

  #forgetUpTo(last: number): void {
    this.#start = last;
    for (const [position, { id, body }] of this.#rows) {
      if (position > last) break;
      this.#rows.delete(position);
      this.#ids.delete(id);
      this.#bytes -= utf8Bytes(body);
    }
    for (const [session, receipts] of this.#receipts) {
      for (const position of receipts.keys())
        if (position <= last && receipts.delete(position)) this.#receiptCount -= 1;
      if (receipts.size === 0) this.#receipts.delete(session);
    }
  }
}

function channelsOf({ channels, sender }: EnvelopeRow): readonly number[] {
  return [...channels, sentBy(sender)];
}
