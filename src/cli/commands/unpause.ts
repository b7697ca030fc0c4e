/** `unpause`: messages go on. */
import { EXIT } from '../../util/failure.ts';
import type { Command } from '../command.ts';
import { AS, RelayAccess } from '../relay.ts';

export const unpause: Command = {
  name: 'unpause',
  summary: 'Let messages go on after a pause.',
  options: [AS],
  settings: ['relayUrl'],
  json: true,
  examples: [{ line: 'claude-relay unpause', says: 'what waited is given out', needs: 'relay' }],
  async run(ctx) {
    const { given, out } = ctx;
    const relay = new RelayAccess(ctx, { as: given.text('--as') });
    const result = await relay.ask('pause', { resume: true });
    if (out.isJson) out.json(result);
    else out.line('Messages go on.');
    return EXIT.ok;
  },
};
