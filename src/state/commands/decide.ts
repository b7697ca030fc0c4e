/**
 * A person decides about what is held for them. What is accepted is mail at once; what is refused has ended, and its
 * sender is told. `hold` leaves what is held, and is for what is yet to come.
 */
import { peerOf } from '../../protocol/address.ts';
import { RelayError } from '../../protocol/codes.ts';
import type { Applied, Decide, Effect } from '../command.ts';
import { release } from '../hold.ts';
import { moveReceipts } from '../ladder.ts';
import { tellEnd } from '../notice.ts';
import type { Subject } from '../policies.ts';
import { envelopeRow, traceById } from '../queries/envelopes.ts';
import { type HeldRow, heldFor } from '../queries/held.ts';
import { isPerson, personNameOf } from '../queries/people.ts';
import { sessionByAnyName } from '../queries/sessions.ts';
import type { Store } from '../store.ts';

export function applyDecide(store: Store, command: Decide): Applied<Decide> {
  const { person, stance, of, always } = command;
  const held = heldFor(store, person, Number.MAX_SAFE_INTEGER);
  const position = traceById(store, of)?.position;
  const one = held.filter((row) => row.position === position);
  if (one.length > 0) {
    if (always || stance === 'hold')
      throw new RelayError('bad_request', `${of} is one message; name a session or a person to decide for always.`);
    return { outcome: { changed: one.length, always: false }, effects: settle(store, command, one) };
  }
  const subject = subjectOf(store, of);
  if (!subject)
    throw new RelayError('not_held', `No message ${of} is held for you, and no session or person is called so.`);
  const rows = stance === 'hold' ? [] : held.filter(({ sender }) => isOf(store, sender, subject));
  const lasts = always || stance === 'hold';
  if (lasts) store.policies.set(person, subject, stance);
  return { outcome: { changed: rows.length, always: lasts }, effects: settle(store, command, rows) };
}

function subjectOf(store: Store, of: string): Subject | undefined {
  const session = peerOf(of) ? sessionByAnyName(store, of) : undefined;
  if (session) return { session: session.id };
  return isPerson(store, of) ? { person: of } : undefined;
}

function isOf(store: Store, sender: number, subject: Subject): boolean {
  return 'session' in subject ? sender === subject.session : personNameOf(store, sender) === subject.person;
}

function settle(store: Store, command: Decide, rows: readonly HeldRow[]): Effect[] {
  if (command.stance === 'accept') return rows.flatMap((row) => release(store, row));
  return rows.flatMap((row) => refuse(store, row, command.at));
}

function refuse(store: Store, { position, session }: HeldRow, at: number): Effect[] {
  const moved = moveReceipts(store, { session, positions: [position], state: 'refused', at, endsHeld: true });
  const row = envelopeRow(store, position);
  if (!row || moved.length === 0) return moved;
  return [...moved, ...tellEnd(store, row, { sessions: [session], count: 1, state: 'refused', at })];
}
