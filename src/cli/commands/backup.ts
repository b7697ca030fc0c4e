/** `backup [file]`: a checked copy of everything that the relay has, while it runs. */
import { resolve } from 'node:path';
import { streamAdmin } from '../../client/admin.ts';
import type { Verified } from '../../data/verify.ts';
import { systemClock } from '../../util/clock.ts';
import { EXIT, Failure } from '../../util/failure.ts';
import type { Command, Context } from '../command.ts';
import { withData } from '../data.ts';
import { fill, newFile, unwritable } from '../new-file.ts';
import { shown, sizeNow } from '../progress.ts';
import { bytesWords, plural } from '../words.ts';

export const backup: Command = {
  name: 'backup',
  summary: 'Copy everything that the relay has into one file, while it runs.',
  details:
    'The copy is of one moment, and checked when it is there. It holds all messages in the clear, and digests of keys; it is made for you only (mode 0600).\n' +
    'Without a relay that runs here, its data are copied as they lie; with --data, those in that directory are, and no relay is asked.',
  arguments: [{ name: 'file', sentence: 'where to (default: claude-relay-<time>.sqlite, here)', optional: true }],
  settings: ['relayUrl', 'data'],
  where: ['serve'],
  json: true,
  examples: [
    { line: 'claude-relay backup', says: 'into this directory', needs: 'relay' },
    { line: 'claude-relay backup /srv/backups/relay.sqlite', says: 'into that file', needs: 'system' },
  ],
  async run(ctx) {
    const file = resolve(ctx.cwd, ctx.given.text('file') ?? nameFor(systemClock.now()));
    const { damaged, ...verified } = await newFile(ctx, file, (part) => copyTo(ctx, part, file));
    if (ctx.out.isJson) ctx.out.json({ file, ...verified, damaged });
    else ctx.out.line(`${file}: ${plural(verified.envelopes, 'message')}, ${bytesWords(verified.bytes)}, checked.`);
    if (damaged.length > 0)
      ctx.out.warn(`${plural(damaged.length, 'message')} in it had been damaged on the relay’s disk before.`);
    return EXIT.ok;
  },
};

function nameFor(now: number): string {
  return `claude-relay-${new Date(now).toISOString().slice(0, 19).replaceAll(/[:T]/g, '-')}.sqlite`;
}

async function copyTo(ctx: Context, part: string, file: string): Promise<Omit<Verified, 'problems'>> {
  const copied = () =>
    withData(ctx, {
      online: (place) => fill(part, file, (sink) => streamAdmin('backup', {}, place, sink)),
      offline: ({ tasks }) =>
        tasks.copy(part).catch((error) => {
          throw unwritable(error, file);
        }),
    });
  await shown(ctx.out, 'Copying the data', copied, () => sizeNow(part));
  const { verifyData } = await import('../../data/verify.ts');
  const { problems, ...verified } = await shown(ctx.out, 'Checking the copy', () => verifyData(part));
  if (problems[0] !== undefined) throw new Failure('error', `The copy is not whole: ${problems[0]}`, 'Try again.');
  return verified;
}
