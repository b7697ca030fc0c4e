import { checkName, peerOf } from '../../protocol/address.ts';
import { RelayError } from '../../protocol/codes.ts';
import type { Interval } from '../roster.ts';
import { ALL_CHANNEL, OWNER } from '../schema.ts';
import type { Store } from '../store.ts';
import { nearNames } from './near.ts';
import { personById } from './people.ts';
import { sessionByAnyName } from './sessions.ts';

export function roomChannel(store: Store, room: string): number | undefined {
  return store.get<{ id: number }>("SELECT id FROM channel WHERE name = ? AND kind = 'room'", room)?.id;
}

/** Where an address leads. Throws `unknown_recipient` (with near names) or `unknown_room`. */
export function channelOf(store: Store, address: string): number {
  if (address === 'all') return ALL_CHANNEL;
  if (address.startsWith('#')) {
    const room = roomChannel(store, address);
    if (room === undefined) throw new RelayError('unknown_room', `There is no room ${address}; joining it makes it.`);
    return room;
  }
  if (!peerOf(address)) checkName(address);
  const session = sessionByAnyName(store, address);
  if (session && !isRevoked(store, session.person)) return session.id;
  const near = nearNames(store, address);
  const hint = near.length > 0 ? `; did you mean ${near.join(' or ')}?` : '.';
  throw new RelayError('unknown_recipient', `Nobody called ${address} was ever here${hint}`);
}

function isRevoked(store: Store, person: number): boolean {
  return person !== OWNER && personById(store, person)?.revoked_at !== null;
}

/** Sessions that get what is sent to `channel` at `position`, without `except` unless it is the channel's own session. */
export function followersAt(store: Store, channel: number, position: number, except: number, limit: number): number[] {
  const rows = store.all<{ session: number }>(
    `SELECT session FROM follow WHERE channel = ?1 AND since < ?2 AND until >= ?2 AND (session <> ?3 OR session = channel) ORDER BY session LIMIT ?4`,
    channel,
    position,
    except,
    limit,
  );
  return rows.map((row) => row.session);
}

export function countFollowersAt(store: Store, channel: number, position: number, except: number): number {
  const row = store.get<{ n: number }>(
    `SELECT count(*) AS n FROM follow WHERE channel = ?1 AND since < ?2 AND until >= ?2 AND (session <> ?3 OR session = channel)`,
    channel,
    position,
    except,
  );
  return row?.n ?? 0;
}

/** Does `session` get what is sent to `channel` at `position`? */
export function followsAt(store: Store, session: number, channel: number, position: number): boolean {
  const follows = (at: Interval) => at.channel === channel && at.since < position && at.until >= position;
  return store.roster.intervals(session).some(follows);
}

/** The ways by which the session got what lies at `position`, and who sent it: for an envelope that cannot be asked itself. */
export function routesTo(store: Store, session: number, position: number): { channel: number; sender: number }[] {
  return store.all<{ channel: number; sender: number }>(
    `SELECT DISTINCT route.channel, route.sender FROM follow JOIN route ON route.channel = follow.channel AND route.position = ?2
     WHERE follow.session = ?1 AND follow.since < ?2 AND follow.until >= ?2`,
    session,
    position,
  );
}

/** Channels that the session follows now: its own, its rooms, all. */
export function openChannels(store: Store, session: number): number[] {
  const open = store.roster.intervals(session).filter(({ until }) => until === Number.MAX_SAFE_INTEGER);
  return open.map(({ channel }) => channel).sort((a, b) => a - b);
}

/** Rooms that the session is in now. */
export function roomsOf(store: Store, session: number): { id: number; name: string }[] {
  return store.all<{ id: number; name: string }>(
    `SELECT channel.id, channel.name FROM follow JOIN channel ON channel.id = follow.channel
     WHERE follow.session = ? AND follow.until = ? AND channel.kind = 'room' ORDER BY channel.name`,
    session,
    Number.MAX_SAFE_INTEGER,
  );
}

export function allRooms(store: Store): { id: number; name: string }[] {
  return store.all<{ id: number; name: string }>("SELECT id, name FROM channel WHERE kind = 'room' ORDER BY name");
}

/** Present members of a room. */
export function membersOf(store: Store, room: number): number[] {
  const sql = 'SELECT session FROM follow WHERE channel = ? AND until = ? ORDER BY session';
  return store.all<{ session: number }>(sql, room, Number.MAX_SAFE_INTEGER).map((row) => row.session);
}
