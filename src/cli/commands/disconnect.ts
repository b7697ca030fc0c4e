/** `disconnect`: undoes `connect`. What it does is loaded when it runs. */
import { EXIT } from '../../util/failure.ts';
import type { Command } from '../command.ts';

export const disconnect: Command = {
  name: 'disconnect',
  summary: 'Undo connect: the forward, the device, and the settings as they were.',
  details:
    'The relay on the other machine goes on, and so do the names that this machine had there; it lets this machine in no more.',
  arguments: [{ name: 'user@host', sentence: 'from where; there is only one', optional: true }],
  json: true,
  examples: [
    { line: 'claude-relay disconnect', says: 'back to a relay of this machine', needs: 'nothing' },
    { line: 'claude-relay disconnect me@relay.example --json', says: 'for a script', needs: 'nothing' },
  ],
  run: async (ctx) => (await import('../connect/disconnect.ts')).runDisconnect(ctx).then(() => EXIT.ok),
};
