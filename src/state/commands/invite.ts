import { checkName } from '../../protocol/address.ts';
import { RelayError } from '../../protocol/codes.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { type Applied, type Invite, NO_EFFECTS } from '../command.ts';
import { invitationById, openInvitations } from '../queries/invitations.ts';
import { personByName } from '../queries/people.ts';
import type { Store } from '../store.ts';

/** How long it is still told that an invitation was used up, milliseconds. */
const REMEMBERED = 24 * 3600 * 1000;

export function applyInvite(store: Store, command: Invite): Applied<Invite> {
  const person = command.person === undefined ? undefined : checkName(command.person);
  const known = person === undefined ? undefined : personByName(store, person);
  if (known && known.revoked_at !== null)
    throw new RelayError('name_taken', `${known.name} was revoked here, and the name stays theirs; choose another.`);
  if (invitationById(store, command.id)) throw new RelayError('id_conflict');
  if (openInvitations(store, command.at).length >= LIMITS.invitations)
    throw new RelayError('too_many_people', `${LIMITS.invitations} invitations are open; revoke some first.`);
  store.write('DELETE FROM invitation WHERE expires_at < ?', command.at - REMEMBERED);
  store.writeSummed(
    'invitation',
    'INSERT INTO invitation (id, key, person, grants, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)',
    command.id,
    command.key,
    known?.name ?? person ?? null,
    JSON.stringify(command.grants),
    command.at,
    command.expires_at,
  );
  return { outcome: undefined, effects: NO_EFFECTS };
}
