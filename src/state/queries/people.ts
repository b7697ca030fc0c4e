/** Who is who: people, their devices, and what sessions are called by whom. */
import { peerOf } from '../../protocol/address.ts';
import { OWNER } from '../schema.ts';
import type { Store } from '../store.ts';
import { sessionById } from './sessions.ts';

export interface PersonRow {
  readonly id: number;
  readonly name: string;
  readonly created_at: number;
  readonly revoked_at: number | null;
}

export interface DeviceRow {
  readonly id: string;
  readonly person: number;
  readonly name: string;
  readonly kind: 'key' | 'token';
  /** The public key (SPKI, base64url), or the digest of the token. */
  readonly proof: string;
  readonly created_at: number;
  readonly expires_at: number | null;
  readonly revoked_at: number | null;
}

export function personById(store: Store, id: number): PersonRow | undefined {
  return store.get<PersonRow>('SELECT * FROM person WHERE id = ?', id);
}

/** Revoked ones, too; in any case of letters. */
export function personByName(store: Store, name: string): PersonRow | undefined {
  return store.get<PersonRow>('SELECT * FROM person WHERE name = ?', name);
}

/** Whose session it is: its id. The owner's, for what is no session. */
export function personOf(store: Store, session: number): number {
  return sessionById(store, session)?.person ?? OWNER;
}

export function everybody(store: Store): PersonRow[] {
  return store.all<PersonRow>('SELECT * FROM person ORDER BY id');
}

export function deviceById(store: Store, id: string): DeviceRow | undefined {
  return store.get<DeviceRow>('SELECT * FROM device WHERE id = ?', id);
}

export function deviceByProof(store: Store, proof: string): DeviceRow | undefined {
  return store.get<DeviceRow>('SELECT * FROM device WHERE proof = ?', proof);
}

/** In the order of coming; of one person, or of all. Revoked ones, too. */
export function devicesOf(store: Store, person?: number): DeviceRow[] {
  const sql = 'SELECT * FROM device WHERE ?1 IS NULL OR person = ?1 ORDER BY created_at, id';
  return store.all<DeviceRow>(sql, person ?? null);
}

/** When a session last came from that device, milliseconds. */
export function deviceSeen(store: Store, device: string): number | undefined {
  const sql = 'SELECT max(last_seen) AS at FROM session WHERE device = ?';
  return store.get<{ at: number | null }>(sql, device)?.at ?? undefined;
}

/** A person's own words for a session, or for any other address, in those of the owner. */
export function inward(store: Store, person: number, said: string): string {
  const peer = peerOf(said);
  if (!peer || (person === OWNER && peer.person === undefined)) return said;
  const whose = peer.person === undefined ? personById(store, person) : personByName(store, peer.person);
  if (!whose) return said;
  return whose.id === OWNER ? peer.name : `${peer.name}@${whose.name}`;
}

/** The other way: what the owner calls a session, as that person does. */
export function outward(store: Store, person: number, name: string): string {
  const peer = person === OWNER ? undefined : peerOf(name);
  if (!peer || name === 'all') return name;
  if (peer.person === undefined) return `${name}@${store.personNames.nameOf(OWNER)}`;
  return peer.person === store.personNames.nameOf(person) ? peer.name : name;
}

/** What its person is called. Asked at every send, as is the next. */
export function personNameOf(store: Store, session: number): string {
  return store.personNames.nameOf(personOf(store, session));
}

/** Is anybody here but the owner? */
export function hasOthers(store: Store): boolean {
  return store.personNames.hasOthers;
}

export function isPerson(store: Store, name: string): boolean {
  return store.personNames.has(name);
}
