/** Who is here, who was ever here, and who am I. */
import { LIMITS } from '../../protocol/limits.ts';
import type { Results } from '../../protocol/verbs.ts';
import { roomsOf } from '../../state/queries/channels.ts';
import { heldBySender, SENDERS } from '../../state/queries/held.ts';
import { personNameOf } from '../../state/queries/people.ts';
import { sessionById } from '../../state/queries/sessions.ts';
import type { Services } from '../services.ts';
import type { VerbHandler } from '../verb.ts';
import { told } from './held.ts';

export const peers: VerbHandler<'peers'> = ({ services, view }) => {
  const { store, presence } = services;
  const here = view.seen(presence.sessions());
  const shown = here.slice(0, LIMITS.sessionsPage);
  const rows = shown.flatMap((session) => sessionById(store, session) ?? []);
  return { peers: rows.map((row) => view.info(presence.info(row), row.id)), more: here.length - shown.length };
};

/** Those here first, then the last seen. */
export const sessions: VerbHandler<'sessions'> = ({ services, view }, args) => {
  const { store, presence } = services;
  const count = args.count ?? LIMITS.sessionsPage;
  const here = view.seen(presence.sessions()).flatMap((session) => sessionById(store, session) ?? []);
  const known = view.recent(count + here.length);
  const shown = [...here, ...known.filter((row) => !presence.isHere(row.id))].slice(0, count);
  return {
    sessions: shown.map((row) => view.info(presence.info(row), row.id)),
    more: Math.max(0, view.count() - shown.length),
  };
};

export const status: VerbHandler<'status'> = ({ services, actor, view }) => {
  const { store, presence, journal, pumps, halt } = services;
  const row = actor && sessionById(store, actor.session);
  return {
    ...(row ? { name: row.name, kind: row.kind } : {}),
    unread: row ? pumps.unread(row.id) : 0,
    ...(row && row.missed > 0 ? { missed: row.missed } : {}),
    rooms: row ? roomsOf(store, row.id).map((room) => room.name) : [],
    here: view.isOwner ? presence.count : view.seen(presence.sessions()).length,
    sessions: view.count(),
    epoch: journal.state.epoch ?? '',
    position: journal.state.position,
    version: services.version,
    uptime: services.uptime(),
    ...(row ? forPerson(services, personNameOf(store, row.id)) : {}),
    ...(halt.until === undefined ? {} : { paused_until: told(halt.until) }),
  };
};

/** What a person should look at. */
function forPerson({ store, brakes }: Services, person: string): Pick<Results['status'], 'held' | 'braked'> {
  const held = heldBySender(store, person, SENDERS);
  const braked = brakes.brakedOf(person);
  return { ...(held.length > 0 ? { held } : {}), ...(braked.length > 0 ? { braked } : {}) };
}
