/** `held`: what waits for you to decide, without a word of it. */
import { HELD } from '../../protocol/held.ts';
import { EXIT } from '../../util/failure.ts';
import type { Command } from '../command.ts';
import { AS, RelayAccess } from '../relay.ts';
import { plural, when } from '../words.ts';

export const held: Command = {
  name: 'held',
  summary: 'List messages that wait until you accept or refuse them.',
  details:
    'Who sent each to whom, when and why it is held. What it says is shown to nobody before it is accepted, not here either.',
  options: [AS, { flag: '--count', value: 'number', sentence: 'so many (default: 50)' }],
  settings: ['relayUrl'],
  json: true,
  examples: [
    { line: 'claude-relay held', says: 'what waits for me', needs: 'relay' },
    { line: 'claude-relay held --json', says: 'for a script', needs: 'relay' },
  ],
  async run(ctx) {
    const { given, out } = ctx;
    const relay = new RelayAccess(ctx, { as: given.text('--as') });
    const count = given.integer('--count', { min: 1, max: 200 }) ?? 50;
    const result = await relay.ask('held', { count });
    if (out.isJson) out.json(result);
    else if (result.held.length === 0) out.say('Nothing is held.');
    else {
      out.table(
        ['ID', 'FROM', 'TO', 'SENT', 'BYTES', 'WHY'],
        result.held.map(({ id, from, to, at, bytes, why }) => [
          id,
          { text: from, style: 'cyan' },
          to,
          when(at),
          String(bytes),
          HELD[why],
        ]),
      );
      if (result.more > 0) out.say(`${plural(result.more, 'more message')} not shown.`);
    }
    return EXIT.ok;
  },
};
