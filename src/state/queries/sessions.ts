import type { SessionRow } from '../roster.ts';
import type { Store } from '../store.ts';

export type { SessionRow } from '../roster.ts';

export function sessionById(store: Store, id: number): SessionRow | undefined {
  return store.roster.session(id);
}

export function sessionByName(store: Store, name: string): SessionRow | undefined {
  return store.roster.sessionNamed(name);
}

/** By its name, or by one that it had before. */
export function sessionByAnyName(store: Store, name: string): SessionRow | undefined {
  const current = sessionByName(store, name);
  if (current) return current;
  const alias = store.get<{ session: number }>('SELECT session FROM alias WHERE name = ?', name);
  return alias && sessionById(store, alias.session);
}

export function countSessions(store: Store): number {
  return store.get<{ n: number }>('SELECT count(*) AS n FROM session')?.n ?? 0;
}

export function countSessionsOf(store: Store, person: number): number {
  return store.get<{ n: number }>('SELECT count(*) AS n FROM session WHERE person = ?', person)?.n ?? 0;
}

/** The last seen first. */
export function recentSessions(store: Store, count: number): SessionRow[] {
  const rows = store.all<{ id: number }>('SELECT id FROM session ORDER BY last_seen DESC, id LIMIT ?', count);
  return rows.flatMap(({ id }) => sessionById(store, id) ?? []);
}

export function nameOf(store: Store, channel: number): string {
  return store.roster.nameOf(channel);
}
