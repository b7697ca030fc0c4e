/** `prune`: forgets the words of messages that nobody has unread. */
import { askAdmin } from '../../client/admin.ts';
import { sizeOf, timeOf } from '../../config/values.ts';
import { EXIT, Failure } from '../../util/failure.ts';
import type { Command, Context } from '../command.ts';
import { withData } from '../data.ts';
import { shown } from '../progress.ts';
import { plural } from '../words.ts';

export const prune: Command = {
  name: 'prune',
  summary: 'Forget the words of old messages that nobody has unread.',
  details:
    'What somebody has yet to read stays, however old. Of the rest the text goes, and can be found no more; who sent it, and what became of it, stays.\n' +
    'It leaves the files of the relay, too: seconds after it is quiet, or later where much is stored and forgotten all the time. Backups keep it.\n' +
    'A relay does this by itself when it is started with --keep, --keep-messages or --keep-bytes. It runs while this is done.',
  options: [
    { flag: '--older-than', value: 'time', sentence: 'what was sent longer ago: 90d, 12h' },
    { flag: '--keep', value: 'number', sentence: 'what is beyond so many messages of one name or room' },
    { flag: '--keep-bytes', value: 'size', sentence: 'what is beyond so many bytes of one name or room: 64MB' },
    { flag: '--inbox', value: 'address', sentence: 'only what was sent to this name, #room, or all' },
    { flag: '--dry-run', sentence: 'only say how many it would be' },
  ],
  settings: ['relayUrl'],
  json: true,
  examples: [
    { line: 'claude-relay prune --older-than 90d --dry-run', says: 'how many would go?', needs: 'relay' },
    {
      line: "claude-relay prune --keep 1000 --inbox '#build'",
      says: 'the last thousand of a room stay',
      needs: 'system',
    },
  ],
  async run(ctx) {
    const isTrial = ctx.given.has('--dry-run');
    const args = { ...wanted(ctx), trial: isTrial };
    const pruned = await shown(ctx.out, isTrial ? 'Looking' : 'Forgetting', () => ask(ctx, args));
    if (ctx.out.isJson) ctx.out.json({ pruned, trial: isTrial });
    else ctx.out.line(`${plural(pruned, 'message')} ${isTrial ? 'would be forgotten' : 'forgotten'}.`);
    return EXIT.ok;
  },
};

async function ask(ctx: Context, args: object): Promise<number> {
  const answer = await withData(ctx, {
    online: (place) => askAdmin('prune', args, place),
    offline: () => {
      throw new Failure(
        'unreachable',
        'Pruning is done by the relay, and none runs here.',
        'Start it: claude-relay serve',
      );
    },
  });
  return Number(Object(answer).pruned);
}

function wanted({ given }: Context): object {
  const args = {
    older_than: measured(given.text('--older-than'), timeOf, '--older-than must be a time such as 90d or 12h.'),
    count: given.integer('--keep', { min: 0, max: Number.MAX_SAFE_INTEGER }),
    bytes: measured(given.text('--keep-bytes'), sizeOf, '--keep-bytes must be a size such as 500kB or 64MB.'),
    inbox: given.text('--inbox'),
  };
  if ((args.older_than ?? args.count ?? args.bytes) === undefined)
    throw new Failure('usage', 'Say what is to go: --older-than, --keep or --keep-bytes.');
  return Object.fromEntries(Object.entries(args).filter(([, value]) => value !== undefined));
}

function measured(
  text: string | undefined,
  read: (raw: unknown) => number | undefined,
  must: string,
): number | undefined {
  const value = text === undefined ? undefined : read(text);
  if (text !== undefined && value === undefined) throw new Failure('usage', must);
  return value;
}
