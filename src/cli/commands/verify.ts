/** `verify [file]`: looks at every page, table and message of the relay's data, or of a backup. */
import { resolve } from 'node:path';
import { askAdmin } from '../../client/admin.ts';
import type { Verified } from '../../data/verify.ts';
import { EXIT } from '../../util/failure.ts';
import type { Command, Context } from '../command.ts';
import { withData } from '../data.ts';
import { shown } from '../progress.ts';
import { bytesWords, plural } from '../words.ts';

export const verify: Command = {
  name: 'verify',
  summary: 'Check that the relay’s data, or a backup, are whole and unaltered.',
  details:
    'Looks at every page, at how the tables fit together, and at the sum of each message.\n' +
    'Exits with 65 when the data are damaged, and with 1 when only single messages are: those are given to nobody.',
  arguments: [{ name: 'file', sentence: 'a file that `backup` made; the relay’s data when left out', optional: true }],
  settings: ['relayUrl', 'data'],
  where: ['serve'],
  json: true,
  examples: [
    { line: 'claude-relay verify', says: 'the relay’s data, while it runs', needs: 'relay' },
    { line: 'claude-relay verify claude-relay-2026-11-22-08-12-33.sqlite', says: 'a backup', needs: 'system' },
  ],
  async run(ctx) {
    const found = await shown(ctx.out, 'Checking', () => look(ctx));
    if (ctx.out.isJson) ctx.out.json(found);
    else show(ctx, found);
    if (found.problems.length > 0) return EXIT.damaged;
    return found.ok ? EXIT.ok : EXIT.error;
  },
};

async function look(ctx: Context): Promise<Verified> {
  const file = ctx.given.text('file');
  if (file !== undefined) return (await import('../../data/verify.ts')).verifyCopy(resolve(ctx.cwd, file));
  return withData(ctx, {
    // The relay's answer is what its own `verifyData` made.
    online: async (place) => (await askAdmin('verify', {}, place)) as Verified,
    offline: ({ tasks }) => tasks.verify(),
  });
}

function show({ out }: Context, { ok, epoch, problems, damaged, envelopes, pruned, sessions, bytes }: Verified): void {
  for (const problem of problems) out.line(problem, 'red');
  for (const { position, id } of damaged)
    out.line(`Message ${id} at position ${position} is not what was stored.`, 'red');
  if (epoch === '') return out.say('The data are damaged, and cannot be read: restore a backup, or use another one.');
  const forgotten = pruned > 0 ? `, ${pruned} forgotten` : '';
  const what = `${plural(envelopes, 'message')}${forgotten}, ${plural(sessions, 'session')}, ${bytesWords(bytes)}`;
  if (ok) out.line(`${what}: all whole.`, 'green');
  else out.say(`${what}. Damaged messages are given to nobody; for the rest, restore a backup.`);
}
