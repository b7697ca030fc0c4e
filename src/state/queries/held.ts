/** What waits for a person, who decides about it, and what therefore nobody is shown. */

import { utf8Bytes } from '../../protocol/check.ts';
import type { HeldCount, HeldInfo, HeldWhy } from '../../protocol/held.ts';
import { type Stance, stricter } from '../../protocol/stance.ts';
import { RELAY_CHANNEL } from '../schema.ts';
import type { Store } from '../store.ts';
import { followsAt } from './channels.ts';
import { envelopeRow, type Trace } from './envelopes.ts';
import { hasOthers, personNameOf } from './people.ts';
import { nameOf, sessionById } from './sessions.ts';

/** What becomes of a message, and why when it is held. */
export interface Standing {
  readonly stance: Stance;
  readonly why: HeldWhy;
}

/** One message that waits for the person of one of its recipients. */
export interface HeldRow {
  readonly position: number;
  readonly session: number;
  readonly sender: number;
  readonly why: HeldWhy;
}

/** Senders that a person is told of. */
export const SENDERS = 20;

const COLUMNS = 'position, session, sender, why';

/** Nobody has ever said anything about anybody, and there is one person: every message is accepted. */
export function isOpen(store: Store): boolean {
  return store.policies.isEmpty && !hasOthers(store);
}

/** What the recipient's person lets happen with messages of that sender, or the recipient itself where it is stricter. A note to oneself is accepted. */
export function standing(store: Store, recipient: number, sender: number): Standing {
  if (sender === recipient) return { stance: 'accept', why: 'policy' };
  const { stance, why } = byPerson(store, recipient, sender);
  const own = sessionById(store, recipient)?.messages ?? 'accept';
  if (stricter(stance, own) === stance) return { stance, why };
  return { stance: own, why: 'session' };
}

/** The session, else its person, else: one's own are accepted, and others held. */
function byPerson(store: Store, recipient: number, sender: number): Standing {
  const person = personNameOf(store, recipient);
  const other = personNameOf(store, sender);
  const said = store.policies.of(person, { session: sender }) ?? store.policies.of(person, { person: other });
  if (said !== undefined) return { stance: said, why: 'policy' };
  return { stance: person === other ? 'accept' : 'hold', why: 'unknown' };
}

/** The recipient's person has said that this very session is accepted: it is held by no brake. */
export function isVouchedFor(store: Store, recipient: number, sender: number): boolean {
  return store.policies.of(personNameOf(store, recipient), { session: sender }) === 'accept';
}

/** May the session be shown it, as far as its person has a say? What it was not sent is judged as if it came now. */
export function isShown(store: Store, row: Trace, session: number): boolean {
  if (row.sender === session || row.sender === RELAY_CHANNEL) return true;
  if (isEverHeld(store, row.position, session)) return false;
  if (row.channels.some((channel) => followsAt(store, session, channel, row.position))) return true;
  return isOpen(store) || standing(store, session, row.sender).stance === 'accept';
}

/** Was it ever held for somebody who has not accepted it? */
export function isHeldFromSomebody(store: Store, position: number): boolean {
  return store.get('SELECT 1 FROM held WHERE position = ? LIMIT 1', position) !== undefined;
}

/** What waits for that person, oldest first. */
export function heldFor(store: Store, person: string, limit: number): HeldRow[] {
  const sql = `SELECT ${COLUMNS} FROM held WHERE person = ? AND is_open = 1 ORDER BY position, session LIMIT ?`;
  return store.all<HeldRow>(sql, person, limit);
}

export function countHeld(store: Store, person: string): number {
  return store.get<{ n: number }>('SELECT count(*) AS n FROM held WHERE person = ? AND is_open = 1', person)?.n ?? 0;
}

/** By sender, the most first. */
export function heldBySender(store: Store, person: string, limit: number): HeldCount[] {
  const sql = `SELECT sender, count(*) AS count FROM held WHERE person = ? AND is_open = 1
    GROUP BY sender ORDER BY count DESC, sender LIMIT ?`;
  const rows = store.all<{ sender: number; count: number }>(sql, person, limit);
  return rows.map(({ sender, count }) => ({ from: nameOf(store, sender), count }));
}

/** The recipients for whom one envelope waits. */
export function heldAt(store: Store, position: number, limit: number): HeldRow[] {
  const sql = `SELECT ${COLUMNS} FROM held WHERE position = ? AND is_open = 1 ORDER BY session LIMIT ?`;
  return store.all<HeldRow>(sql, position, limit);
}

/** It was held for that session, and has not been accepted. */
export function isEverHeld(store: Store, position: number, session: number): boolean {
  return store.get('SELECT 1 FROM held WHERE position = ? AND session = ?', position, session) !== undefined;
}

/** Without a word of what it says. */
export function toHeldInfo(store: Store, { position, session, sender, why }: HeldRow): HeldInfo | undefined {
  const row = envelopeRow(store, position);
  if (!row) return undefined;
  const { id, at, body } = row;
  return { id, from: nameOf(store, sender), to: nameOf(store, session), at, bytes: utf8Bytes(body), why };
}
