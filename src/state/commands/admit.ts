import { RelayError } from '../../protocol/codes.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { type Admit, type Applied, NO_EFFECTS } from '../command.ts';
import { deviceById, deviceByProof, devicesOf, personById } from '../queries/people.ts';
import type { Store } from '../store.ts';

export function applyAdmit(store: Store, command: Admit): Applied<Admit> {
  const person = personById(store, command.person);
  if (!person || person.revoked_at !== null) throw new RelayError('unknown_person');
  addDevice(store, command);
  return { outcome: undefined, effects: NO_EFFECTS };
}

/** Throws before it has written anything. */
export function addDevice(store: Store, { person, device, at }: Pick<Admit, 'person' | 'device' | 'at'>): void {
  if (deviceById(store, device.id) || deviceByProof(store, device.proof))
    throw new RelayError('id_conflict', 'A device with that key is here already; make a new key for this one.');
  if (devicesOf(store, person).filter(({ revoked_at }) => revoked_at === null).length >= LIMITS.devicesPerPerson)
    throw new RelayError('too_many_people', `A person may have ${LIMITS.devicesPerPerson} devices; revoke some first.`);
  store.writeSummed(
    'device',
    'INSERT INTO device (id, person, name, kind, proof, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
    device.id,
    person,
    device.name,
    device.kind,
    device.proof,
    at,
    device.expires_at ?? null,
  );
}
