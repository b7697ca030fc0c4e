/** What a person may. The owner may everything; everybody may with their own sessions. */
import type { Grant, May } from '../../protocol/grant.ts';
import { OWNER } from '../schema.ts';
import type { Store } from '../store.ts';
import { personById } from './people.ts';
import type { SessionRow } from './sessions.ts';

export function grantsOf(store: Store, person: number): Grant[] {
  return store.all<Grant>('SELECT may, what FROM granted WHERE person = ? ORDER BY may, what', person);
}

/** For a room, or `all`. */
export function mayRead(store: Store, person: number, room: string): boolean {
  return person === OWNER || holds(store, person, 'read', room, room);
}

/** For a room, or `all`. */
export function mayTellAll(store: Store, person: number, room: string): boolean {
  return person === OWNER || holds(store, person, 'send', room, room);
}

export function mayWriteTo(store: Store, person: number, session: SessionRow): boolean {
  return person === OWNER || person === session.person || reaches(store, person, 'send', session);
}

/** Is it here, and what does it do? Who may write to it may know. */
export function maySeePresence(store: Store, person: number, session: SessionRow): boolean {
  return mayWriteTo(store, person, session) || reaches(store, person, 'see', session);
}

export function mayAdminister(store: Store, person: number): boolean {
  return person === OWNER || holds(store, person, 'administer', 'all', 'all');
}

function reaches(store: Store, person: number, may: May, session: SessionRow): boolean {
  const whose = personById(store, session.person);
  return holds(store, person, may, session.name, `@${whose?.name}`);
}

function holds(store: Store, person: number, may: May, what: string, wider: string): boolean {
  const sql = `SELECT 1 FROM granted WHERE person = ? AND may = ? AND what IN ('all', ?, ?)`;
  return store.get(sql, person, may, what, wider) !== undefined;
}
