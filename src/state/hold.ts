/**
 * Keeps messages back from those whose person has not accepted them. The envelope is stored like any other; for such a
 * recipient there is a receipt row that says `stored` and a row in `held`, so that it is in no inbox, and nowhere else.
 *
 *     send ──→ held ──accept──→ released ──→ handed …
 *                └──refuse, time──→ refused, expired
 */
import { RelayError } from '../protocol/codes.ts';
import { type HeldWhy, heldSentence } from '../protocol/held.ts';
import { LIMITS } from '../protocol/limits.ts';
import { type Effect, type Held, NO_EFFECTS, type Send } from './command.ts';
import { REMARK } from './commands/remark.ts';
import { Into } from './into.ts';
import { moveReceipts, writeStored } from './ladder.ts';
import { reached } from './queries/addressed.ts';
import type { Trace } from './queries/envelopes.ts';
import { type HeldRow, isEverHeld, isOpen, isVouchedFor, type Standing, standing } from './queries/held.ts';
import { personNameOf } from './queries/people.ts';
import { receiptRow } from './queries/receipts.ts';
import { nameOf, sessionById } from './queries/sessions.ts';
import type { Store } from './store.ts';
import { sumOf } from './summed.ts';

/** Recipients that do not get it, and what becomes of it instead. */
export type Verdicts = ReadonlyMap<number, Standing>;

type Stored = Pick<Trace, 'position' | 'sender' | 'at'>;

const ALL_ACCEPT: Verdicts = new Map();
const NONE: readonly Held[] = [];
const REFUSED = 'its person takes no messages of that sender';

/** Throws `not_accepted` when one that it is addressed to by name refuses, and `held_full`. */
export function judged(store: Store, { sender, hold }: Send, channels: readonly number[]): Verdicts {
  if (hold === undefined && isOpen(store)) return ALL_ACCEPT;
  const verdicts = new Map<number, Standing>();
  for (const session of reached(store, channels, sender, Number.MAX_SAFE_INTEGER)) {
    const verdict = judge(store, session, sender, hold);
    if (verdict.stance === 'refuse' && channels.includes(session))
      throw new RelayError('not_accepted', `${nameOf(store, session)} takes no messages from you.`);
    if (verdict.stance !== 'accept') verdicts.set(session, verdict);
  }
  checkRoom(store, sender, verdicts);
  return verdicts;
}

function judge(store: Store, session: number, sender: number, hold: HeldWhy | undefined): Standing {
  const verdict = standing(store, session, sender);
  const isBraked = hold !== undefined && session !== sender && verdict.stance === 'accept';
  return isBraked && !isVouchedFor(store, session, sender) ? { stance: 'hold', why: hold } : verdict;
}

/** What is held must not grow without end: a stranger would fill the disk. */
function checkRoom(store: Store, sender: number, verdicts: Verdicts): void {
  const added = new Map<string, number>();
  for (const { session } of heldIn(verdicts)) {
    const person = personNameOf(store, session);
    added.set(person, (added.get(person) ?? 0) + 1);
  }
  for (const [person, count] of added) {
    if (store.heldCounts.of(person, personNameOf(store, sender)) + count > LIMITS.heldMessages)
      throw new RelayError(
        'held_full',
        `${LIMITS.heldMessages} messages are held for ${person}, who has yet to decide about them; nothing was sent.`,
      );
  }
}

export function heldIn(verdicts: Verdicts): readonly Held[] {
  if (verdicts.size === 0) return NONE;
  return [...verdicts].flatMap(([session, { stance, why }]) => (stance === 'hold' ? { session, why } : []));
}

/** Once it is stored. One effect for each person that has something to decide, and one for each receipt that ends. */
export function keepBack(store: Store, row: Stored, verdicts: Verdicts): readonly Effect[] {
  if (verdicts.size === 0) return NO_EFFECTS;
  const people = new Set<string>();
  const effects: Effect[] = [];
  for (const [session, { stance, why }] of verdicts) {
    const isHeld = stance === 'hold';
    if (isHeld) hold(store, row, session, why);
    else effects.push(...refuse(store, row, session));
    note(store, row, session, why, isHeld);
    if (isHeld) people.add(personNameOf(store, session));
  }
  return [...effects, ...[...people].map((person): Effect => ({ kind: 'held', person }))];
}

function hold(store: Store, { position, at }: Stored, session: number, why: HeldWhy): void {
  writeStored(store, session, position, at);
  store.gather(REMARK).push(position, session, at, heldSentence(why));
}

function refuse(store: Store, { position, at }: Stored, session: number): Effect[] {
  return moveReceipts(store, { session, positions: [position], state: 'refused', at, reason: REFUSED });
}

const HELD = new Into('INSERT', 'held', [
  'position',
  'session',
  'sender',
  'person',
  'stranger',
  'at',
  'why',
  'is_open',
  'sum',
]);

function note(store: Store, { position, sender, at }: Stored, session: number, why: HeldWhy, isHeld: boolean): void {
  const [person, stranger] = [personNameOf(store, session), personNameOf(store, sender)];
  const said = [position, session, sender, person, stranger, at, why, isHeld ? 1 : 0];
  store.gather(HELD).push(...said, sumOf(said));
  if (isHeld) store.heldCounts.add(person, stranger);
}

/** The recipient's person has accepted it: it is mail from now on, however far the cursor is. */
export function release(store: Store, { position, session, sender }: HeldRow): Effect[] {
  const recipient = sessionById(store, session);
  if (!recipient) return [];
  store.flush();
  store.heldCounts.clear();
  store.write('DELETE FROM held WHERE position = ? AND session = ?', position, session);
  store.write('DELETE FROM remark WHERE position = ? AND session = ?', position, session);
  store.roster.change(recipient, { released: new Set([...recipient.released, position]) });
  return [{ kind: 'stored', position, sender, channels: [session] }];
}

/** What was kept from a session cannot be answered by it: to it, it does not exist. */
export function answerable(store: Store, row: Trace | undefined, session: number): Trace | undefined {
  if (!row) return undefined;
  const state = receiptRow(store, row.position, session)?.state;
  if (state === undefined || state === 'handed' || state === 'seen' || state === 'replied') return row;
  return isEverHeld(store, row.position, session) ? undefined : row;
}
