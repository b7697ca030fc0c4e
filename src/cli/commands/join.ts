/** `join <#room>`: gets what is sent to the room from now on, also while away. */
import { EXIT } from '../../util/failure.ts';
import type { Command } from '../command.ts';
import { AS, RelayAccess } from '../relay.ts';
import { plural } from '../words.ts';

export const join: Command = {
  name: 'join',
  summary: 'Join a room; joining makes it.',
  details: 'You get what is sent to it from then on, also while you are away.',
  arguments: [{ name: 'room', sentence: 'its name, with or without the #' }],
  options: [AS],
  settings: ['relayUrl'],
  examples: [{ line: 'claude-relay join build', says: 'the room #build', needs: 'relay' }],
  async run(ctx) {
    const relay = new RelayAccess(ctx, { as: ctx.given.text('--as') });
    const { room, members } = await relay.ask('join', { room: ctx.given.required('room') });
    ctx.out.line(`${relay.name} is in ${room} with ${plural(members - 1, 'other')}.`);
    return EXIT.ok;
  },
};
