/** `restore <file>`: puts a backup in the place of the relay's data. The relay must not run; its old data are kept beside. */
import { resolve } from 'node:path';
import { EXIT } from '../../util/failure.ts';
import { systemRandom } from '../../util/random.ts';
import type { Command } from '../command.ts';
import { withOwnData } from '../data.ts';
import { shown } from '../progress.ts';
import { plural } from '../words.ts';

export const restore: Command = {
  name: 'restore',
  summary: 'Put a backup in the place of the relay’s data.',
  details:
    'The relay must be stopped. Its present data are moved aside, not removed. Sessions are told that data were restored: what was sent since the backup is not in it.\n' +
    'Whenever it is interrupted, there are the old data or the new ones.',
  arguments: [{ name: 'file', sentence: 'a file that `backup` made' }],
  settings: ['data'],
  where: ['serve'],
  json: true,
  examples: [
    { line: 'claude-relay restore claude-relay-2026-11-22-08-12-33.sqlite', says: 'back to then', needs: 'system' },
  ],
  async run(ctx) {
    const [{ restoreData }, { whereAside }] = await Promise.all([
      import('../../data/restore.ts'),
      import('../../journal/adopt.ts'),
    ]);
    const file = resolve(ctx.cwd, ctx.given.required('file'));
    const restored = () => withOwnData(ctx, ({ dir }) => restoreData(dir, file, systemRandom), false);
    const { verified, aside } = await shown(ctx.out, 'Checking and copying', restored);
    if (ctx.out.isJson) {
      ctx.out.json({ file, aside, ...verified });
      return EXIT.ok;
    }
    ctx.out.line(`Restored ${plural(verified.envelopes, 'message')} of ${plural(verified.sessions, 'session')}.`);
    if (aside !== undefined)
      ctx.out.say(`What was there before is in ${whereAside(aside)}; remove it when you need it no more.`);
    ctx.out.say('Start the relay: claude-relay serve');
    return EXIT.ok;
  },
};
