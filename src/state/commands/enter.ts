/**
 * A session comes or goes. A name belongs to the key that was granted to its first holder; a session without a key
 * (made by a script) takes the first one that is granted to it.
 */
import { checkName, peerOf } from '../../protocol/address.ts';
import { RelayError } from '../../protocol/codes.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { type Applied, type Depart, type Enter, type Entered, NO_EFFECTS } from '../command.ts';
import { newestPosition } from '../queries/envelopes.ts';
import { mayRead } from '../queries/grants.ts';
import { personById } from '../queries/people.ts';
import {
  countSessions,
  countSessionsOf,
  type SessionRow,
  sessionByAnyName,
  sessionById,
  sessionByName,
} from '../queries/sessions.ts';
import { ALL_CHANNEL, OWNER } from '../schema.ts';
import type { Store } from '../store.ts';

export function applyEnter(store: Store, command: Enter): Applied<Enter> {
  checkOwn(store, command);
  const known = sessionByAnyName(store, command.name);
  if (known && opens(known, command)) return { outcome: recognise(store, known, command), effects: NO_EFFECTS };
  // An old name is only kept for whoever has the key: to others it is free.
  if (known && sessionByName(store, command.name))
    throw new RelayError('name_taken', `${command.name} belongs to another session; choose another name.`);
  return { outcome: create(store, command), effects: NO_EFFECTS };
}

export function applyDepart(store: Store, command: Depart): Applied<Depart> {
  const session = sessionById(store, command.session);
  if (session) store.roster.change(session, { last_seen: command.at });
  return { outcome: undefined, effects: NO_EFFECTS };
}

/** A name says whose it is: nobody comes under another person's. */
function checkOwn(store: Store, { name, person = OWNER }: Enter): void {
  if (person === OWNER) return void checkName(name);
  const row = personById(store, person);
  const whose = peerOf(name)?.person;
  if (!row || row.revoked_at !== null || whose !== row.name)
    throw new RelayError('name_invalid', 'A session has a name of its own person.');
}

function opens(session: SessionRow, command: Enter): boolean {
  return session.key === null ? session.name === command.name : session.key === command.key;
}

function recognise(store: Store, session: SessionRow, command: Enter): Entered {
  const granted = session.key === null && command.grant !== undefined;
  const { about } = command;
  store.roster.run(
    'session',
    `UPDATE session SET last_seen = ?, key = ?, device = ?, kind = coalesce(?, kind), host = coalesce(?, host), cwd = coalesce(?, cwd),
       program = coalesce(?, program), version = coalesce(?, version), agent_session = coalesce(?, agent_session),
       messages = coalesce(?, messages) WHERE id = ?`,
    command.at,
    granted ? (command.grant ?? null) : session.key,
    command.device ?? null,
    about.kind ?? null,
    about.host ?? null,
    about.cwd ?? null,
    about.program ?? null,
    about.version ?? null,
    about.agent_session ?? null,
    about.messages ?? null,
    session.id,
  );
  store.policies.clear();
  return { session: session.id, name: session.name, created: false, granted };
}

/** For one more session. Nobody's known names are ever in question. */
function checkRoom(store: Store, person: number): void {
  if (countSessions(store) >= LIMITS.sessions) throw new RelayError('too_many_sessions');
  const most = person === OWNER ? LIMITS.sessionsOfOwner : LIMITS.sessionsPerPerson;
  if (countSessionsOf(store, person) < most) return;
  throw new RelayError('too_many_sessions', `One person may have ${most} names at this relay; use one that you have.`);
}

function create(store: Store, command: Enter): Entered {
  const { name, person = OWNER } = command;
  checkRoom(store, person);
  const { about } = command;
  const head = newestPosition(store);
  store.write('DELETE FROM alias WHERE name = ?', name);
  store.writeSummed('channel', "INSERT INTO channel (kind, name) VALUES ('session', ?)", name);
  const id = store.get<{ id: number }>('SELECT id FROM channel WHERE name = ?', name)?.id ?? 0;
  store.writeSummed(
    'session',
    `INSERT INTO session (id, kind, key, host, cwd, program, version, agent_session, created_at, last_seen, handed, seen, person, device, messages)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10, ?10, ?11, ?12, ?13)`,
    id,
    about.kind ?? 'agent',
    command.grant ?? null,
    about.host ?? null,
    about.cwd ?? null,
    about.program ?? null,
    about.version ?? null,
    about.agent_session ?? null,
    command.at,
    head,
    person,
    command.device ?? null,
    about.messages ?? 'accept',
  );
  store.policies.clear();
  // What is sent to all is read by those who may read all.
  for (const channel of mayRead(store, person, 'all') ? [id, ALL_CHANNEL] : [id])
    store.writeSummed('follow', 'INSERT INTO follow (session, channel, since) VALUES (?, ?, ?)', id, channel, head);
  return { session: id, name, created: true, granted: command.grant !== undefined };
}
