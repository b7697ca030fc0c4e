import { RelayError } from '../../protocol/codes.ts';
import { type Applied, NO_EFFECTS, type Revoke } from '../command.ts';
import { invitationById } from '../queries/invitations.ts';
import { deviceById, personById } from '../queries/people.ts';
import { OWNER } from '../schema.ts';
import type { Store } from '../store.ts';
import { refollow } from './grant.ts';

/** For good: a device comes back as a new one, a person under another name. What they wrote stays. */
export function applyRevoke(store: Store, command: Revoke): Applied<Revoke> {
  if (command.person !== undefined) return revokePerson(store, command.person, command.at);
  if (command.device !== undefined) return revokeDevice(store, command.device, command.at);
  if (command.invitation === undefined || !invitationById(store, command.invitation))
    throw new RelayError('unknown_device');
  store.writeSummed('invitation', 'UPDATE invitation SET revoked_at = ? WHERE id = ?', command.at, command.invitation);
  return { outcome: undefined, effects: NO_EFFECTS };
}

function revokePerson(store: Store, id: number, at: number): Applied<Revoke> {
  const person = personById(store, id);
  if (!person) throw new RelayError('unknown_person');
  if (id === OWNER)
    throw new RelayError(
      'bad_request',
      `${person.name} owns this relay and cannot be revoked; revoke a device of theirs.`,
    );
  store.writeSummed('person', 'UPDATE person SET revoked_at = coalesce(revoked_at, ?) WHERE id = ?', at, id);
  store.writeSummed('device', 'UPDATE device SET revoked_at = coalesce(revoked_at, ?) WHERE person = ?', at, id);
  store.writeSummed(
    'invitation',
    'UPDATE invitation SET revoked_at = coalesce(revoked_at, ?) WHERE person = ?',
    at,
    person.name,
  );
  store.write('DELETE FROM granted WHERE person = ?', id);
  return { outcome: undefined, effects: [...refollow(store, id), { kind: 'revoked', person: id }] };
}

function revokeDevice(store: Store, id: string, at: number): Applied<Revoke> {
  const device = deviceById(store, id);
  if (!device) throw new RelayError('unknown_device');
  store.writeSummed('device', 'UPDATE device SET revoked_at = coalesce(revoked_at, ?) WHERE id = ?', at, id);
  return { outcome: undefined, effects: [{ kind: 'revoked', person: device.person, device: id }] };
}
