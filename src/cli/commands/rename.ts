/** `rename <to>`: another name for the one that acts; inbox, rooms and key move along. */
import { EXIT } from '../../util/failure.ts';
import type { Command } from '../command.ts';
import { AS, RelayAccess } from '../relay.ts';

export const rename: Command = {
  name: 'rename',
  summary: 'Take another name; inbox, rooms and key move along.',
  details: 'What is sent to the old name still arrives, until somebody else takes it.',
  arguments: [{ name: 'to', sentence: 'the new name' }],
  options: [AS],
  settings: ['relayUrl'],
  examples: [{ line: 'claude-relay rename --as ci ci-main', says: 'a script gets a better name', needs: 'relay' }],
  async run(ctx) {
    const relay = new RelayAccess(ctx, { as: ctx.given.text('--as') });
    const { name, was } = await relay.rename(ctx.given.required('to'));
    ctx.out.line(`${was} is ${name} now.`);
    return EXIT.ok;
  },
};
