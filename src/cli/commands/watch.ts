/** `watch`: what is said and who comes and goes, as it happens. It looks; nothing is taken or marked. */
import type { Command } from '../command.ts';
import { AS, RelayAccess } from '../relay.ts';
import { Watch } from '../watch.ts';

export const watch: Command = {
  name: 'watch',
  summary: 'Print messages and comings and goings live, until you end it.',
  details:
    'It shows what you may see: your own messages, those to you, to your rooms and to all. It marks nothing as seen.',
  options: [AS],
  settings: ['relayUrl'],
  json: true,
  examples: [
    { line: 'claude-relay watch', says: 'look on', needs: 'terminal' },
    {
      line: 'claude-relay watch --json | grep --line-buffered CC-1',
      says: 'one JSON object a line',
      needs: 'terminal',
    },
  ],
  async run(ctx) {
    const relay = new RelayAccess(ctx, { as: ctx.given.text('--as') });
    // Asked first: a hello for a name that is not ours would be given another name.
    await relay.ask('status', {});
    return new Watch(ctx, relay).run();
  },
};
