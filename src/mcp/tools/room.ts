/** relay_room: join, leave or list rooms. A room's members get what is sent to it, also while they are away. */
import { roomField } from '../../protocol/address.ts';
import { oneOf, optional, shape } from '../../protocol/check.ts';
import { RelayError } from '../../protocol/codes.ts';
import * as answers from '../answers.ts';
import { described } from '../arguments.ts';
import { defineTool, SETTLES, type ToolAnswer } from '../tool.ts';

export const roomTool = defineTool({
  name: 'relay_room',
  description: 'Join, leave or list rooms. Members get what is sent to a #room, also while away. Joining makes it.',
  annotations: SETTLES,
  shape: shape({
    action: oneOf(['join', 'leave', 'list']),
    room: optional(described(roomField, '#name; with list: its members')),
  }),
  async run(session, { action, room }, call): Promise<ToolAnswer> {
    if (action === 'list') {
      const result = await session.request('rooms', room === undefined ? {} : { room }, call.signal);
      return {
        text: answers.rooms(result, room),
        structured: { rooms: result.rooms, members: (result.members ?? []).map(answers.structuredSession) },
      };
    }
    if (room === undefined) throw new RelayError('bad_request', `room is missing: which one do you want to ${action}?`);
    if (action === 'leave') {
      const left = await session.request('leave', { room }, call.signal);
      return { text: `You left ${left.room}; what is sent to it no longer comes to you.`, structured: { ...left } };
    }
    const joined = await session.request('join', { room }, call.signal);
    return {
      text: `You are in ${joined.room} with ${answers.plural(joined.members, 'member')}, you included. Write to it with relay_send {"to": "${joined.room}"}.`,
      structured: { ...joined },
    };
  },
});
