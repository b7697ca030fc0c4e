/**
 * Which of all sessions a person may see: as `View.sees` says of one, here in one query, since tens of thousands may be known.
 * Its own; those whose presence is granted, or to which it may write; those in a room that it may read.
 */
import type { Store } from '../store.ts';
import { type SessionRow, sessionById } from './sessions.ts';

const REACHED = "SELECT what FROM granted WHERE person = ?1 AND may IN ('send', 'see')";
const READ = "SELECT what FROM granted WHERE person = ?1 AND may = 'read'";

/** Each inner question is asked once, and not for each session. */
const SEEN = `FROM session JOIN channel ON channel.id = session.id WHERE (
  session.person = ?1
  OR 'all' IN (${REACHED})
  OR channel.name IN (${REACHED})
  OR session.person IN (SELECT id FROM person WHERE '@' || person.name IN (${REACHED}))
  OR session.id IN (
    SELECT follow.session FROM channel AS room JOIN follow ON follow.channel = room.id
    WHERE room.kind = 'room' AND (room.name IN (${READ}) OR 'all' IN (${READ})) AND follow.until = ${Number.MAX_SAFE_INTEGER}
  )
)`;

export function countSeen(store: Store, person: number): number {
  return store.get<{ n: number }>(`SELECT count(*) AS n ${SEEN}`, person)?.n ?? 0;
}

/** The last seen first. */
export function recentSeen(store: Store, person: number, count: number): SessionRow[] {
  const sql = `SELECT session.id ${SEEN} ORDER BY session.last_seen DESC, session.id LIMIT ?2`;
  return store.all<{ id: number }>(sql, person, count).flatMap(({ id }) => sessionById(store, id) ?? []);
}

/** Of those sessions. */
export function seenAmong(store: Store, person: number, sessions: readonly number[]): Set<number> {
  const sql = `SELECT session.id ${SEEN} AND session.id IN (SELECT value FROM json_each(?2))`;
  return new Set(store.all<{ id: number }>(sql, person, JSON.stringify(sessions)).map(({ id }) => id));
}
