/** Who is here, who was ever here, and who am I. */
import { LIMITS } from '../../protocol/limits.ts';
import type { Results } from '../../protocol/verbs.ts';
import { roomsOf } from '../../state/queries/channels.ts';
import { heldBySender, SENDERS } from '../../state/queries/held.ts';
import { personOf } from '../../state/queries/people.ts';
import { countSessions, recentSessions, sessionById } from '../../state/queries/sessions.ts';
import type { Services } from '../services.ts';
import type { VerbHandler } from '../verb.ts';
import { told } from './held.ts';

export const peers: VerbHandler<'peers'> = ({ services }) => {
  const { store, presence } = services;
  const here = presence.sessions();
  const shown = here.slice(0, LIMITS.sessionsPage);
  const rows = shown.flatMap((session) => sessionById(store, session) ?? []);
  return { peers: rows.map((row) => presence.info(row)), more: here.length - shown.length };
};

/** Those here first, then the last seen. */
export const sessions: VerbHandler<'sessions'> = ({ services }, args) => {
  const { store, presence } = services;
  const count = args.count ?? LIMITS.sessionsPage;
  const here = presence.sessions().flatMap((session) => sessionById(store, session) ?? []);
  const gone = recentSessions(store, count + here.length).filter((row) => !presence.isHere(row.id));
  const shown = [...here, ...gone].slice(0, count);
  return { sessions: shown.map((row) => presence.info(row)), more: Math.max(0, countSessions(store) - shown.length) };
};

export const status: VerbHandler<'status'> = ({ services, actor }) => {
  const { store, presence, journal, pumps, halt } = services;
  const row = actor && sessionById(store, actor.session);
  return {
    ...(row ? { name: row.name, kind: row.kind } : {}),
    unread: row ? pumps.unread(row.id) : 0,
    ...(row && row.missed > 0 ? { missed: row.missed } : {}),
    rooms: row ? roomsOf(store, row.id).map((room) => room.name) : [],
    here: presence.count,
    sessions: countSessions(store),
    epoch: journal.state.epoch ?? '',
    position: journal.state.position,
    version: services.version,
    uptime: services.uptime(),
    ...(row ? forPerson(services, personOf(store, row.id)) : {}),
    ...(halt.until === undefined ? {} : { paused_until: told(halt.until) }),
  };
};

/** What a person should look at. */
function forPerson({ store, brakes }: Services, person: string): Pick<Results['status'], 'held' | 'braked'> {
  const held = heldBySender(store, person, SENDERS);
  const braked = brakes.brakedOf(person);
  return { ...(held.length > 0 ? { held } : {}), ...(braked.length > 0 ? { braked } : {}) };
}
