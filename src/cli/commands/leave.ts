/** `leave <#room>`: gets nothing more of it. */
import { EXIT } from '../../util/failure.ts';
import type { Command } from '../command.ts';
import { AS, RelayAccess } from '../relay.ts';

export const leave: Command = {
  name: 'leave',
  summary: 'Leave a room.',
  details: 'What was sent to it before stays in your inbox.',
  arguments: [{ name: 'room', sentence: 'its name, with or without the #' }],
  options: [AS],
  settings: ['relayUrl'],
  examples: [{ line: 'claude-relay join build && claude-relay leave build', says: 'in and out', needs: 'relay' }],
  async run(ctx) {
    const relay = new RelayAccess(ctx, { as: ctx.given.text('--as') });
    const { room } = await relay.ask('leave', { room: ctx.given.required('room') });
    ctx.out.line(`${relay.name} left ${room}.`);
    return EXIT.ok;
  },
};
