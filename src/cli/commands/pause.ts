/** `pause`: stops all messages of everybody. Its end is `unpause`; `resume` is about sessions that have ended. */
import { timeOf } from '../../config/values.ts';
import { EXIT, Failure } from '../../util/failure.ts';
import type { Command } from '../command.ts';
import { AS, RelayAccess } from '../relay.ts';
import { when } from '../words.ts';

export const pause: Command = {
  name: 'pause',
  summary: 'Stop all messages at once, until unpause.',
  details:
    'Nothing is sent and nothing is given to anybody; what is unread stays. It holds for everybody on this relay, also after its restart.',
  options: [AS, { flag: '--for', value: 'time', sentence: 'only so long: 90s, 10m, 2h or 7d' }],
  settings: ['relayUrl'],
  json: true,
  examples: [
    {
      line: 'claude-relay pause --for 10m && claude-relay unpause',
      says: 'for ten minutes, or until then',
      needs: 'relay',
    },
  ],
  async run(ctx) {
    const { given, out } = ctx;
    const relay = new RelayAccess(ctx, { as: given.text('--as') });
    const text = given.text('--for');
    const span = text === undefined ? undefined : timeOf(text);
    if (text !== undefined && span === undefined)
      throw new Failure('usage', '--for must be a time such as 90s, 10m, 2h or 7d.');
    const args = span === undefined ? {} : { for_seconds: span / 1_000 };
    const result = await relay.ask('pause', args);
    if (out.isJson) out.json(result);
    else out.line(`All messages are paused until ${result.until ? when(result.until) : 'claude-relay unpause'}.`);
    return EXIT.ok;
  },
};
