/**
 * Joining a room makes it. A member gets what is sent from then on, also while away; who leaves still gets what was
 * sent before.
 */
import { RelayError } from '../../protocol/codes.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { type Applied, type Effect, type Join, type Leave, NO_EFFECTS } from '../command.ts';
import { followsAt, roomChannel, roomsOf } from '../queries/channels.ts';
import { newestPosition } from '../queries/envelopes.ts';
import type { Store } from '../store.ts';

const NOW = Number.MAX_SAFE_INTEGER;

export function applyJoin(store: Store, command: Join): Applied<Join> {
  const known = roomChannel(store, command.room);
  if (known !== undefined && followsAt(store, command.session, known, NOW))
    return { outcome: undefined, effects: NO_EFFECTS };
  checkLimits(store, command.session, known === undefined);
  if (known === undefined)
    store.roster.run('channel', "INSERT INTO channel (kind, name) VALUES ('room', ?)", command.room);
  const channel = roomChannel(store, command.room) ?? 0;
  // Back before anything was sent there: the interval that was closed is opened again.
  store.roster.run(
    'follow',
    `INSERT INTO follow (session, channel, since) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET until = ${NOW}`,
    command.session,
    channel,
    newestPosition(store),
  );
  return { outcome: undefined, effects: [{ kind: 'followed', session: command.session, channel, on: true }] };
}

export function applyLeave(store: Store, command: Leave): Applied<Leave> {
  const channel = roomChannel(store, command.room);
  if (channel === undefined || !followsAt(store, command.session, channel, NOW)) {
    throw new RelayError('not_member', `You are not in ${command.room}.`);
  }
  store.roster.run(
    'follow',
    'UPDATE follow SET until = ? WHERE session = ? AND channel = ? AND until = ?',
    newestPosition(store),
    command.session,
    channel,
    NOW,
  );
  const effects: Effect[] = [{ kind: 'followed', session: command.session, channel, on: false }];
  return { outcome: undefined, effects };
}

/** Rooms, and the times of joining and leaving them, are kept: nobody may make them without end. */
function checkLimits(store: Store, session: number, isNew: boolean): void {
  if (roomsOf(store, session).length >= LIMITS.roomsPerSession)
    throw new RelayError(
      'too_many_rooms',
      `You are in ${LIMITS.roomsPerSession} rooms, which is the limit; leave one first.`,
    );
  if (count(store, 'SELECT count(*) AS n FROM follow WHERE session = ?', session) >= LIMITS.joinsPerSession)
    throw new RelayError(
      'too_many_rooms',
      `You have joined rooms ${LIMITS.joinsPerSession} times, which is the limit; stay in those you are in.`,
    );
  if (isNew && count(store, 'SELECT count(*) AS n FROM channel WHERE kind = ?', 'room') >= LIMITS.rooms)
    throw new RelayError(
      'too_many_rooms',
      `There are ${LIMITS.rooms} rooms here, which is the limit; join one of them.`,
    );
}

function count(store: Store, sql: string, key: string | number): number {
  return store.get<{ n: number }>(sql, key)?.n ?? 0;
}
