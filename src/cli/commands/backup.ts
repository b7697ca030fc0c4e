/** `backup [file]`: a checked copy of everything that the relay has, while it runs. */
import { createWriteStream, existsSync, renameSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { finished } from 'node:stream/promises';
import { streamAdmin } from '../../client/admin.ts';
import { systemClock } from '../../util/clock.ts';
import { EXIT, Failure } from '../../util/failure.ts';
import type { Command, Context } from '../command.ts';
import { bytesWords, withData } from '../data.ts';
import { plural } from '../words.ts';

export const backup: Command = {
  name: 'backup',
  summary: 'Copy everything that the relay has into one file, while it runs.',
  details:
    'The copy is of one moment, and checked when it is there. It holds all messages in the clear, and digests of keys; it is made for you only (mode 0600).\n' +
    'Without a relay that runs here, its data are copied as they lie.',
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
    if (existsSync(file)) throw new Failure('error', `${file} is there already.`, 'Choose another file.');
    const part = `${file}.part`;
    try {
      await copyTo(ctx, part);
      const { verifyData } = await import('../../data/verify.ts');
      const { problems, damaged, ...verified } = await verifyData(part);
      if (problems[0] !== undefined) throw new Failure('error', `The copy is not whole: ${problems[0]}`, 'Try again.');
      renameSync(part, file);
      if (ctx.out.isJson) ctx.out.json({ file, ...verified, damaged });
      else ctx.out.line(`${file}: ${plural(verified.envelopes, 'message')}, ${bytesWords(verified.bytes)}, checked.`);
      if (damaged.length > 0)
        ctx.out.warn(`${plural(damaged.length, 'message')} in it had been damaged on the relay’s disk before.`);
      return EXIT.ok;
    } finally {
      rmSync(part, { force: true });
    }
  },
};

function nameFor(now: number): string {
  return `claude-relay-${new Date(now).toISOString().slice(0, 19).replaceAll(/[:T]/g, '-')}.sqlite`;
}

async function copyTo(ctx: Context, part: string): Promise<void> {
  await withData(ctx, {
    async online(place) {
      rmSync(part, { force: true });
      const sink = createWriteStream(part, { flags: 'wx', mode: 0o600 });
      try {
        await streamAdmin('backup', {}, place, sink);
      } finally {
        sink.end();
        await finished(sink).catch(() => undefined); // what went wrong with it was told by the stream
      }
    },
    async offline({ tasks }) {
      rmSync(part, { force: true });
      await tasks.copy(part);
    },
  });
}
