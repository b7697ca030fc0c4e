/** `rooms [#room]`: the rooms, or one with its members. */
import type { Results } from '../../protocol/verbs.ts';
import { EXIT } from '../../util/failure.ts';
import type { Command, Context } from '../command.ts';
import { AS, RelayAccess } from '../relay.ts';
import { when } from '../words.ts';

export const rooms: Command = {
  name: 'rooms',
  summary: 'List the rooms, or the members of one.',
  details: `A room gets what is sent to its name. Quote the # for your shell, or leave it out here.`,
  arguments: [{ name: 'room', sentence: 'the room whose members to list', optional: true }],
  options: [AS],
  settings: ['relayUrl'],
  json: true,
  examples: [
    { line: 'claude-relay rooms', says: 'all rooms', needs: 'relay' },
    { line: `claude-relay join '#build' && claude-relay rooms build`, says: 'who is in one', needs: 'relay' },
  ],
  async run(ctx) {
    const relay = new RelayAccess(ctx, { as: ctx.given.text('--as') });
    const room = ctx.given.text('room');
    const result = await relay.ask('rooms', room === undefined ? {} : { room });
    if (ctx.out.isJson) ctx.out.json(result);
    else if (room === undefined) printRooms(ctx, result);
    else printMembers(ctx, result);
    return EXIT.ok;
  },
};

function printRooms({ out }: Context, result: Results['rooms']): void {
  if (result.rooms.length === 0) return out.say("There are no rooms yet; claude-relay join '#build' makes one.");
  out.table(
    ['ROOM', 'MEMBERS', 'HERE', 'YOU'],
    result.rooms.map(({ room, members, here, joined }) => [
      { text: room, style: 'cyan' },
      String(members),
      String(here),
      joined ? 'in it' : '',
    ]),
  );
}

function printMembers({ out }: Context, { members = [] }: Results['rooms']): void {
  if (members.length === 0) return out.say('Nobody is in that room.');
  out.table(
    ['NAME', 'KIND', 'HERE', 'LAST SEEN'],
    members.map(({ name, kind, here, last_seen }) => [
      { text: name, style: 'cyan' },
      kind,
      here ? 'yes' : 'no',
      when(last_seen),
    ]),
  );
}
