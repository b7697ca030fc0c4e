/** Somebody comes by an invitation: it is used up, and there is a device, and a person who did not exist before. */
import { checkName } from '../../protocol/address.ts';
import { RelayError } from '../../protocol/codes.ts';
import type { Grant } from '../../protocol/grant.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { type Applied, NO_EFFECTS, type Redeem } from '../command.ts';
import { openInvitation } from '../queries/invitations.ts';
import { everybody, type PersonRow, personByName } from '../queries/people.ts';
import { OWNER } from '../schema.ts';
import type { Store } from '../store.ts';
import { addDevice } from './admit.ts';
import { addGrants } from './grant.ts';

export function applyRedeem(store: Store, command: Redeem): Applied<Redeem> {
  const invitation = openInvitation(store, command.invitation, command.at);
  const known = invitation.person === null ? undefined : personByName(store, invitation.person);
  if (known && known.revoked_at !== null) throw new RelayError('not_invited');
  const { id: person, name } = known ?? nextPerson(store, invitation.person ?? checkName(command.person));
  addDevice(store, { person, device: command.device, at: command.at });
  if (!known) {
    store.writeSummed('person', 'INSERT INTO person (id, name, created_at) VALUES (?, ?, ?)', person, name, command.at);
    const grants: readonly Grant[] = JSON.parse(invitation.grants);
    addGrants(store, person, grants);
    store.personNames.clear();
    // Who comes by the owner's invitation knows whose relay it is; the owner has yet to decide about them.
    store.policies.set(name, { person: store.personNames.nameOf(OWNER) }, 'accept');
  }
  store.writeSummed('invitation', 'UPDATE invitation SET device = ? WHERE id = ?', command.device.id, invitation.id);
  return { outcome: { person, name }, effects: NO_EFFECTS };
}

/** A name that somebody has or had is not given again: it gets a number. */
function nextPerson(store: Store, wanted: string): Pick<PersonRow, 'id' | 'name'> {
  const people = everybody(store);
  if (people.length >= LIMITS.people) throw new RelayError('too_many_people');
  let name = wanted;
  for (let n = 2; personByName(store, name); n++) name = `${wanted.slice(0, 60)}.${n}`;
  return { id: Math.max(...people.map(({ id }) => id)) + 1, name };
}
