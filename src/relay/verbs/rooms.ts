import { RelayError } from '../../protocol/codes.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { RoomInfo } from '../../protocol/verbs.ts';
import { allRooms, followsAt, membersOf, roomChannel } from '../../state/queries/channels.ts';
import { mayRead } from '../../state/queries/grants.ts';
import { sessionById } from '../../state/queries/sessions.ts';
import type { Services } from '../services.ts';
import { actorOf, type VerbHandler } from '../verb.ts';

export const join: VerbHandler<'join'> = async (call, { room }) => {
  const { journal, store } = call.services;
  await journal.submit({ type: 'join', session: actorOf(call), room });
  return { room, members: membersOf(store, roomChannel(store, room) ?? 0).length };
};

export const leave: VerbHandler<'leave'> = async (call, { room }) => {
  await call.services.journal.submit({ type: 'leave', session: actorOf(call), room });
  return { room };
};

export const rooms: VerbHandler<'rooms'> = ({ services, actor, view }, args) => {
  const { store, presence } = services;
  const info = (room: { id: number; name: string }) => toInfo(services, room, actor?.session);
  if (args.room === undefined) {
    const all = allRooms(store).filter(({ name }) => mayRead(store, view.person, name));
    const page = all.slice(0, LIMITS.sessionsPage);
    return { rooms: page.map(info), more: all.length - page.length };
  }
  const id = roomChannel(store, args.room);
  if (id === undefined) throw new RelayError('unknown_room', `There is no room ${args.room}; joining it makes it.`);
  const members = membersOf(store, id);
  const page = members.slice(0, LIMITS.sessionsPage).flatMap((session) => sessionById(store, session) ?? []);
  return {
    rooms: [info({ id, name: args.room })],
    members: page.map((row) => view.info(presence.info(row), row.id)),
    more: members.length - page.length,
  };
};

function toInfo(
  { store, presence }: Services,
  room: { id: number; name: string },
  session: number | undefined,
): RoomInfo {
  const members = membersOf(store, room.id);
  return {
    room: room.name,
    members: members.length,
    here: members.filter((member) => presence.isHere(member)).length,
    joined: session !== undefined && followsAt(store, session, room.id, Number.MAX_SAFE_INTEGER),
  };
}
