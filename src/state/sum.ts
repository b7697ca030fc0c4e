/**
 * A sum over everything that an envelope says, stored with it and checked whenever it is read: what the disk has altered
 * since is never taken for what somebody wrote. 48 bits of SHA-256, which SQLite keeps in six bytes.
 */
import { hash } from 'node:crypto';
import type { EnvelopeRow } from './queries/envelopes.ts';

const BYTES = 6;

export type Summed = Omit<EnvelopeRow, 'sum'>;

/** Rows in memory that were found intact, or were never anywhere else: they are not looked at again. */
const INTACT = new WeakSet<EnvelopeRow>();

/** All that an envelope says, in the order in which it is summed. */
export const SAID = [
  'position',
  'id',
  'sender',
  'at',
  'channels',
  'thread',
  'reply_to',
  'priority',
  'expires_at',
  'body',
  'extra',
  'hash',
] as const satisfies readonly (keyof Summed)[];

const BESIDE_BODY = SAID.filter((column) => column !== 'body');

export function sumOf(row: Summed): number {
  // The body stands behind the closed list as it is: where it begins is beyond doubt, and it needs no escaping.
  const text = JSON.stringify(BESIDE_BODY.map((column) => row[column])) + row.body;
  return hash('sha256', text, 'buffer').readUIntBE(0, BYTES);
}

/** The row, with its sum now. */
export function summed(row: Summed): EnvelopeRow {
  const whole = Object.assign(row, { sum: sumOf(row) });
  INTACT.add(whole);
  return whole;
}

/** Is it what was stored? Of what was stored before there were sums it is not known. */
export function isIntact(row: EnvelopeRow): boolean {
  if (row.sum === null || INTACT.has(row)) return true;
  if (row.sum !== sumOf(row)) return false;
  INTACT.add(row);
  return true;
}
