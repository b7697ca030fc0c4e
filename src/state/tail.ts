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
/** UTF-16 units of the bodies, which take a byte or two. */
const MOST_LETTERS = 16 * 1024 * 1024;
/** Receipts for each of those positions: some 150 bytes each. */
const MOST_RECEIPTS = 8;

const NONE: readonly number[] = [];
const KNOWN = new Into('INSERT', 'known', ['id', 'position']);
const ROUTE = new Into('INSERT', 'route', ['channel', 'position', 'sender']);

export class Tail {
  readonly #store: Store;
  readonly #most: number;
  /** That of position `start` + 1, and so on; a gap where one was forgotten. */
  #rows: (EnvelopeRow | undefined)[] = [];
  /** Channel → positions sent to it, oldest first. */
  readonly #channels = new Map<number, number[]>();
  /** Session → position → the row that the table has. */
  readonly #receipts = new Map<number, Map<number, ReceiptRow>>();
  readonly #ids = new Map<string, EnvelopeRow>();
  #isLoaded = false;
  #letters = 0;
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
    return this.#at(position);
  }

  rowById(id: string): EnvelopeRow | undefined {
    this.#load();
    return this.#ids.get(id);
  }

  /** It is forgotten; what became of it is not. */
  remove(position: number): void {
    const row = this.#at(position);
    if (!row) return;
    this.#rows[position - this.#start - 1] = undefined;
    this.#ids.delete(row.id);
    this.#letters -= row.body.length;
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
    const last = all ? this.#newest : (this.#middle() ?? this.#newest);
    if (last <= this.#start) return;
    // One channel after the other: rows of one page come together.
    for (const [channel, sent] of [...this.#channels].sort(([a], [b]) => a - b)) this.#fileChannel(channel, sent, last);
    this.#fileIds(last);
    this.#store.write("REPLACE INTO meta (key, value) VALUES ('filed', ?)", String(last));
    this.#forgetUpTo(last);
  }

  clear(): void {
    for (const held of [this.#ids, this.#channels, this.#receipts]) held.clear();
    this.#rows = [];
    this.#letters = 0;
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
    return isLong || this.#letters > MOST_LETTERS || this.#receiptCount > this.#most * MOST_RECEIPTS;
  }

  #at(position: number): EnvelopeRow | undefined {
    return position > this.#start ? this.#rows[position - this.#start - 1] : undefined;
  }

  /** Of what is here, the last of the older half; undefined when all of it was forgotten. */
  #middle(): number | undefined {
    const here = this.#rows.flatMap((row) => (row ? [row.position] : []));
    return here[(here.length - 1) >> 1];
  }

  #keep(row: EnvelopeRow): void {
    this.#rows[row.position - this.#start - 1] = row;
    this.#ids.set(row.id, row);
    for (const channel of channelsOf(row)) {
      const positions = this.#channels.get(channel);
      if (positions) positions.push(row.position);
      else this.#channels.set(channel, [row.position]);
    }
    this.#letters += row.body.length;
  }

  #fileChannel(channel: number, sent: readonly number[], last: number): void {
    const count = firstAfter(sent, last);
    for (const position of sent.slice(0, count))
      this.#store.gather(ROUTE).push(channel, position, this.#at(position)?.sender ?? 0);
    if (count === sent.length) this.#channels.delete(channel);
    else if (count > 0) this.#channels.set(channel, sent.slice(count));
  }

  /** In their order, for the same reason. */
  #fileIds(last: number): void {
    const leaving = this.#rows.slice(0, last - this.#start).filter((row) => row !== undefined);
    const known = this.#store.gather(KNOWN);
    for (const { id, position } of leaving.sort((a, b) => (a.id < b.id ? -1 : 1))) known.push(id, position);
  }

  #forgetUpTo(last: number): void {
    for (const row of this.#rows.splice(0, last - this.#start)) {
      if (!row) continue;
      this.#ids.delete(row.id);
      this.#letters -= row.body.length;
    }
    this.#start = last;
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
