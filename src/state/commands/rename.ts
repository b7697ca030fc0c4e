import { checkName, peerOf } from '../../protocol/address.ts';
import { RelayError } from '../../protocol/codes.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { type Applied, NO_EFFECTS, type Rename } from '../command.ts';
import { outward, personById, personOf } from '../queries/people.ts';
import { nameOf, sessionByName } from '../queries/sessions.ts';
import { OWNER } from '../schema.ts';
import type { Store } from '../store.ts';

/** Inbox, rooms and key stay with the session, which has another name from now on; the old one still finds it until somebody takes it. */
export function applyRename(store: Store, command: Rename): Applied<Rename> {
  const name = checkOwn(store, command);
  const was = nameOf(store, command.session);
  if (was === name) return { outcome: { was }, effects: NO_EFFECTS };
  if (sessionByName(store, name))
    throw new RelayError(
      'name_taken',
      `${outward(store, personOf(store, command.session), name)} belongs to another session; choose another name.`,
    );
  if (countNames(store, command.session) >= LIMITS.namesPerSession)
    throw new RelayError('too_many_names', `${was} has had ${LIMITS.namesPerSession} names, which is the limit.`);
  store.write('DELETE FROM alias WHERE name = ?', name);
  store.roster.run('channel', 'UPDATE channel SET name = ? WHERE id = ?', name, command.session);
  store.writeSummed('alias', 'INSERT INTO alias (name, session) VALUES (?, ?)', was, command.session);
  return { outcome: { was }, effects: [{ kind: 'renamed', session: command.session, was, name }] };
}

/** The new name is one of the same person. */
function checkOwn(store: Store, { session, to }: Rename): string {
  const person = personOf(store, session);
  if (person === OWNER) return checkName(to);
  if (peerOf(to)?.person !== personById(store, person)?.name) throw new RelayError('name_invalid');
  return to;
}

/** Its old names, and the present one. */
function countNames(store: Store, session: number): number {
  return (store.get<{ n: number }>('SELECT count(*) AS n FROM alias WHERE session = ?', session)?.n ?? 0) + 1;
}
