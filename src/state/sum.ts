/**
 * A sum over everything that an envelope says, stored with it and checked whenever it is read: what the disk has altered
 * since is never taken for what somebody wrote. CRC-32: it finds any bit that flips, and wide damage but for one in four
 * billion. It is no seal against somebody who writes to the disk.
 */
import { crc32 } from 'node:zlib';
import type { EnvelopeRow } from './queries/envelopes.ts';

type Summed = Omit<EnvelopeRow, 'sum'>;

/** Before it has a place. */
export type NewEnvelope = Omit<Summed, 'position' | 'channels'>;

/** JSON of a list, put together by hand: this is on the path of every message. */
export function sumOf(row: Summed): number {
  const { position, id, sender, at, channels, priority, expires_at, hash } = row;
  const [thread, reply_to, extra] = [quoted(row.thread), quoted(row.reply_to), quoted(row.extra)];
  const said = `[${position},"${id}",${sender},${at},[${channels}],${thread},${reply_to},${priority},${expires_at},${extra},"${hash}"]`;
  // The body stands behind the closed list as it is: where it begins is beyond doubt, and it needs no escaping.
  return crc32(said + row.body);
}

/** What may hold anything; the rest has no letter that would need it. */
function quoted(text: string | null): string {
  return text === null ? 'null' : JSON.stringify(text);
}

/** One that was never anywhere but in memory, with its sum. Whatever is copied from it is another row. */
export class NewRow implements EnvelopeRow {
  readonly #isIntact = true;
  readonly position: number;
  readonly id: string;
  readonly sender: number;
  readonly at: number;
  readonly channels: readonly number[];
  readonly thread: string | null;
  readonly reply_to: string | null;
  readonly priority: number;
  readonly expires_at: number | null;
  readonly body: string;
  readonly extra: string | null;
  readonly hash: string;
  readonly sum: number;

  /** Half a surrogate pair cannot be stored: what is in memory says the same as the table, and so does the sum. */
  constructor(position: number, channels: readonly number[], said: NewEnvelope) {
    this.position = position;
    this.id = said.id;
    this.sender = said.sender;
    this.at = said.at;
    this.channels = channels;
    this.thread = said.thread?.toWellFormed() ?? null;
    this.reply_to = said.reply_to;
    this.priority = said.priority;
    this.expires_at = said.expires_at;
    this.body = said.body.toWellFormed();
    this.extra = said.extra;
    this.hash = said.hash;
    this.sum = sumOf(this);
  }

  static is(row: EnvelopeRow): boolean {
    return #isIntact in row && row.#isIntact;
  }
}

/** Is it what was stored? Of what was stored before there were sums it is not known. */
export function isIntact(row: EnvelopeRow): boolean {
  return row.sum === null || NewRow.is(row) || row.sum === sumOf(row);
}
