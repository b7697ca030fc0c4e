/** What a person may changes; what its sessions follow, with it. */
import { RelayError } from '../../protocol/codes.ts';
import type { Grant } from '../../protocol/grant.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { Allow, Applied, Effect } from '../command.ts';
import { openChannels } from '../queries/channels.ts';
import { newestPosition } from '../queries/envelopes.ts';
import { grantsOf, mayRead } from '../queries/grants.ts';
import { personById } from '../queries/people.ts';
import { nameOf } from '../queries/sessions.ts';
import { ALL_CHANNEL, OWNER } from '../schema.ts';
import type { Store } from '../store.ts';

export function applyGrant(store: Store, command: Allow): Applied<Allow> {
  const person = personById(store, command.person);
  if (!person || person.revoked_at !== null) throw new RelayError('unknown_person');
  if (person.id === OWNER)
    throw new RelayError('bad_request', `${person.name} owns this relay and may everything; grant to somebody else.`);
  if (grantsOf(store, person.id).length + command.add.length > LIMITS.grantsPerPerson)
    throw new RelayError(
      'too_many_people',
      `A person may have ${LIMITS.grantsPerPerson} grants; take some back first.`,
    );
  addGrants(store, person.id, command.add);
  for (const { may, what } of command.remove)
    store.write('DELETE FROM granted WHERE person = ? AND may = ? AND what = ?', person.id, may, what);
  return { outcome: undefined, effects: refollow(store, person.id) };
}

export function addGrants(store: Store, person: number, grants: readonly Grant[]): void {
  for (const { may, what } of grants)
    store.writeSummed(
      'granted',
      'INSERT OR IGNORE INTO granted (person, may, what) VALUES (?, ?, ?)',
      person,
      may,
      what,
    );
}

/** Rooms that it may not read any more are left; broadcasts are followed by who may read all. */
export function refollow(store: Store, person: number): Effect[] {
  const sessions = store.all<{ id: number }>('SELECT id FROM session WHERE person = ? ORDER BY id', person);
  return sessions.flatMap(({ id }) => {
    const open = openChannels(store, id).filter((channel) => channel !== id);
    const lost = open.filter((channel) => !mayRead(store, person, nameOf(store, channel)));
    const hasAll = open.includes(ALL_CHANNEL);
    return [
      ...lost.map((channel) => unfollow(store, id, channel)),
      ...(!hasAll && mayRead(store, person, 'all') ? [followAll(store, id)] : []),
    ];
  });
}

function unfollow(store: Store, session: number, channel: number): Effect {
  const now = Number.MAX_SAFE_INTEGER;
  const sql = 'UPDATE follow SET until = ? WHERE session = ? AND channel = ? AND until = ?';
  store.roster.run('follow', sql, newestPosition(store), session, channel, now);
  return { kind: 'followed', session, channel, on: false };
}

function followAll(store: Store, session: number): Effect {
  const sql = `INSERT INTO follow (session, channel, since) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET until = ${Number.MAX_SAFE_INTEGER}`;
  store.roster.run('follow', sql, session, ALL_CHANNEL, newestPosition(store));
  return { kind: 'followed', session, channel: ALL_CHANNEL, on: true };
}
