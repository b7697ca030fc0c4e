/**
 * The newest envelopes with their receipts, in memory. It serves those who are caught up, the tables the others: the
 * same rows in the same order (`queries/inbox.ts`). Empty after a start, so that nothing is read to fill it.
 */
import { utf8Bytes } from '../protocol/check.ts';
import type { EnvelopeRow } from './queries/envelopes.ts';
import type { ReceiptRow } from './queries/receipts.ts';
import type { Store } from './store.ts';

interface Kept {
  readonly row: EnvelopeRow;
  /** Session → the row that the table has for it. */
  receipts?: Map<number, ReceiptRow>;
}

/** Envelopes, and the bytes of their bodies. Past either, the older half goes. */
const MOST = 8_192;
const MOST_BYTES = 16 * 1024 * 1024;

const NONE: readonly number[] = [];

export class Tail {
  readonly #store: Store;
  readonly #most: number;
  readonly #kept = new Map<number, Kept>();
  readonly #ids = new Map<string, number>();
  readonly #channels = new Map<number, number[]>();
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
    this.#kept.set(row.position, { row });
    this.#ids.set(row.id, row.position);
    for (const channel of row.channels) this.#file(channel, row.position);
    this.#bytes += utf8Bytes(row.body);
  }

  row(position: number): EnvelopeRow | undefined {
    return this.#kept.get(position)?.row;
  }

  rowById(id: string): EnvelopeRow | undefined {
    const position = this.#ids.get(id);
    return position === undefined ? undefined : this.row(position);
  }

  has(position: number): boolean {
    return this.#kept.has(position);
  }

  /** The receipt row of one of its envelopes: the table has none that is not here. */
  receipt(position: number, session: number): ReceiptRow | undefined {
    return this.#kept.get(position)?.receipts?.get(session);
  }

  keepReceipt(position: number, session: number, receipt: ReceiptRow): void {
    const kept = this.#kept.get(position);
    if (!kept) return;
    kept.receipts ??= new Map();
    kept.receipts.set(session, receipt);
  }

  /** Positions sent to `channel`, oldest first. */
  sentTo(channel: number): readonly number[] {
    return this.#channels.get(channel) ?? NONE;
  }

  /** Lets go of the older half when there is too much. Nothing that is not written yet may go: called after a flush. */
  trim(): void {
    if (this.#kept.size <= this.#most && this.#bytes <= MOST_BYTES) return;
    const kept = [...this.#kept.values()];
    const stay = kept.slice(Math.ceil(kept.length / 2));
    const newest = this.newest;
    this.clear();
    this.#newest = newest;
    this.#start = stay[0] === undefined ? newest : stay[0].row.position - 1;
    for (const each of stay) {
      this.add(each.row);
      this.#kept.set(each.row.position, each);
    }
  }

  clear(): void {
    for (const held of [this.#kept, this.#ids, this.#channels]) held.clear();
    this.#bytes = 0;
    this.#newest = undefined;
  }

  #file(channel: number, position: number): void {
    const positions = this.#channels.get(channel);
    if (positions) positions.push(position);
    else this.#channels.set(channel, [position]);
  }
}
