/** `history [query]`: what one may see, read or not. Looking marks nothing. */
import { LIMITS } from '../../protocol/limits.ts';
import type { Args, HistoryResult } from '../../protocol/verbs.ts';
import { EXIT } from '../../util/failure.ts';
import type { Command, Context } from '../command.ts';
import { AS, RelayAccess } from '../relay.ts';
import { printMessage } from '../words.ts';

export const history: Command = {
  name: 'history',
  summary: 'Print what was said, oldest first, or what of it holds some words.',
  details: 'Your own messages, those to you, to your rooms, and to all; nobody else’s. It marks nothing as seen.',
  arguments: [
    {
      name: 'query',
      sentence: 'words that must all occur; word* for the beginning of one',
      optional: true,
      many: true,
    },
  ],
  options: [
    AS,
    { flag: '--with', value: 'name', sentence: 'only between you and this one' },
    { flag: '--room', value: 'room', sentence: 'only of this room' },
    { flag: '--thread', value: 'thread', sentence: 'only of this conversation' },
    { flag: '--before', value: 'position', sentence: 'only what is older; the last page says which position' },
    { flag: '--count', value: 'number', sentence: 'at most so many, the newest (default: 20)' },
  ],
  settings: ['relayUrl'],
  json: true,
  examples: [
    { line: 'claude-relay history', says: 'the last messages', needs: 'relay' },
    { line: 'claude-relay history build green --count 50', says: 'search', needs: 'relay' },
    { line: 'claude-relay history --with CC-2 --json', says: 'one conversation, for a script', needs: 'relay' },
  ],
  async run(ctx) {
    const relay = new RelayAccess(ctx, { as: ctx.given.text('--as') });
    const result = await relay.ask('history', wanted(ctx));
    if (ctx.out.isJson) ctx.out.json(result);
    else print(ctx, result);
    return EXIT.ok;
  },
};

function wanted({ given }: Context): Args<'history'> {
  const query = given.list('query').join(' ');
  const before = given.integer('--before', { min: 0, max: Number.MAX_SAFE_INTEGER });
  const texts = { with: given.text('--with'), room: given.text('--room'), thread: given.text('--thread') };
  return {
    count: given.integer('--count', { min: 1, max: LIMITS.page }) ?? 20,
    ...(query === '' ? {} : { query }),
    ...(before === undefined ? {} : { before }),
    ...(texts.with === undefined ? {} : { with: texts.with }),
    ...(texts.room === undefined ? {} : { room: texts.room }),
    ...(texts.thread === undefined ? {} : { thread: texts.thread }),
  };
}

function print({ out }: Context, { messages, more }: HistoryResult): void {
  for (const message of messages) printMessage(out, message);
  const [first] = messages;
  if (!first) out.say('No such messages.');
  else if (more) out.say(`There are older ones: --before ${first.position}`);
}
