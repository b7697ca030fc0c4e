/**
 * The newest envelopes with their receipts, in memory. It serves those who are caught up, the tables the others: the
 * same rows in the same order (`queries/inbox.ts`). Empty after a start, so that nothing is read to fill it.
 */
import { utf8Bytes } from '../protocol/check.ts';
import type { EnvelopeRow } from './queries/envelopes.ts';
import type { ReceiptRow } from './queries/receipts.ts';
import type { Store } from './store.ts';

/** Envelopes, and the bytes of their bodies. Past either, the older half goes. */
const MOST = 4_096;
const MOST_BYTES = 16 * 1024 * 1024;

const NONE: readonly number[] = [];

export class Tail {
  readonly #store: Store;
  readonly #most: number;
  readonly #rows = new Map<number, EnvelopeRow>();
  /** Channel → positions sent to it, oldest first. */
  readonly #channels = new Map<number, number[]>();
  /** Session → position → the row that the table has. */
  readonly #receipts = new Map<number, Map<number, ReceiptRow>>();
  /** Ids of what is gathered: the table does not find it yet. */
  readonly #unwritten = new Map<string, EnvelopeRow>();
  #bytes = 0;
  #newest: number | undefined;
  #start = 0;

  constructor(store: Store, most = MOST) {
    this.#store = store;
    this.#most = most;
  }

  /** The newest position; 0 when nothing was sent. */
  get newest(): number {
    if (this.#newest === undefined) {
      const sql = 'SELECT coalesce(max(position), 0) AS position FROM envelope';
      this.#newest = this.#start = this.#store.get<{ position: number }>(sql)?.position ?? 0;
    }
    return this.#newest;
  }

  /** Does it have all that came after this position? */
  reaches(position: number): boolean {
    return this.newest >= position && position >= this.#start;
  }

  /** A new envelope, the newest of all. */
  add(row: EnvelopeRow): void {
    this.#newest = row.position;
    this.#unwritten.set(row.id, row);
    this.#keep(row);
  }

  row(position: number): EnvelopeRow | undefined {
    return this.#rows.get(position);
  }

  /** One that the table does not have yet. */
  unwritten(id: string): EnvelopeRow | undefined {
    return this.#unwritten.get(id);
  }

  has(position: number): boolean {
    return this.#rows.has(position);
  }

  /** The receipt row of one of its envelopes: the table has none that is not here. */
  receipt(position: number, session: number): ReceiptRow | undefined {
    return this.#receipts.get(session)?.get(position);
  }

  keepReceipt(position: number, session: number, receipt: ReceiptRow): void {
    if (!this.has(position)) return;
    const receipts = this.#receipts.get(session);
    if (receipts) receipts.set(position, receipt);
    else this.#receipts.set(session, new Map([[position, receipt]]));
  }

  /** Positions sent to `channel`, oldest first. */
  sentTo(channel: number): readonly number[] {
    return this.#channels.get(channel) ?? NONE;
  }

  /** All is in the tables now. Lets go of the older half when there is too much. */
  written(): void {
    this.#unwritten.clear();
    if (this.#rows.size <= this.#most && this.#bytes <= MOST_BYTES) return;
    const rows = [...this.#rows.values()];
    const stay = rows.slice(Math.ceil(rows.length / 2));
    this.#start = (stay[0]?.position ?? this.newest + 1) - 1;
    this.#rows.clear();
    this.#channels.clear();
    this.#bytes = 0;
    for (const row of stay) this.#keep(row);
    for (const [session, receipts] of this.#receipts) this.#trim(session, receipts);
  }

  clear(): void {
    for (const held of [this.#rows, this.#channels, this.#receipts, this.#unwritten]) held.clear();
    this.#bytes = 0;
    this.#newest = undefined;
  }

  #keep(row: EnvelopeRow): void {
    this.#rows.set(row.position, row);
    for (const channel of row.channels) {
      const positions = this.#channels.get(channel);
      if (positions) positions.push(row.position);
      else this.#channels.set(channel, [row.position]);
    }
    this.#bytes += utf8Bytes(row.body);
  }

  #trim(session: number, receipts: Map<number, ReceiptRow>): void {
    for (const position of receipts.keys()) if (position <= this.#start) receipts.delete(position);
    if (receipts.size === 0) this.#receipts.delete(session);
  }
}
