import type { Kind } from '../../protocol/session.ts';
import type { Store } from '../store.ts';

export interface SessionRow {
  readonly id: number;
  readonly name: string;
  readonly kind: Kind;
  readonly key: string | null;
  readonly host: string | null;
  readonly cwd: string | null;
  readonly program: string | null;
  readonly version: string | null;
  readonly agent_session: string | null;
  readonly created_at: number;
  readonly last_seen: number;
  /** Cursor: everything of its inbox up to here is handed or ended, but for the rows in `receipt`. */
  readonly handed: number;
  /** Cursor: group mail up to here is seen. Never past `handed`. */
  readonly seen: number;
  /** Direct envelopes stored and not handed, and their bytes. */
  readonly pending: number;
  readonly pending_bytes: number;
  /** JSON: position → how often it was given out without being handed. */
  readonly claims: string;
  /** Envelopes for it that ended before it was handed them: expired or dead. Only grows. */
  readonly missed: number;
}

const COLUMNS = `session.id, channel.name, session.kind, key, host, cwd, program, version, agent_session, created_at, last_seen,
  handed, seen, pending, pending_bytes, claims, missed`;
const FROM = `SELECT ${COLUMNS} FROM session JOIN channel ON channel.id = session.id`;

export function sessionById(store: Store, id: number): SessionRow | undefined {
  return store.get<SessionRow>(`${FROM} WHERE session.id = ?`, id);
}

export function sessionByName(store: Store, name: string): SessionRow | undefined {
  return store.get<SessionRow>(`${FROM} WHERE channel.name = ?`, name);
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

/** The last seen first. */
export function recentSessions(store: Store, count: number): SessionRow[] {
  return store.all<SessionRow>(`${FROM} ORDER BY last_seen DESC, session.id LIMIT ?`, count);
}

export function nameOf(store: Store, channel: number): string {
  return store.get<{ name: string }>('SELECT name FROM channel WHERE id = ?', channel)?.name ?? '?';
}

/** Position → vain claims. */
export function claimsOf(row: Pick<SessionRow, 'claims'>): Map<number, number> {
  if (row.claims === '{}') return new Map();
  const claims: Record<string, number> = JSON.parse(row.claims);
  return new Map(Object.entries(claims).map(([position, attempts]) => [Number(position), attempts]));
}
