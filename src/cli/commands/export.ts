/** `export [file]`: all that was said, as JSON lines or as Markdown. */
import { resolve } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { StringDecoder } from 'node:string_decoder';
import { streamAdmin } from '../../client/admin.ts';
import { timeOf } from '../../config/values.ts';
import type { ExportOptions } from '../../data/export.ts';
import { systemClock } from '../../util/clock.ts';
import { EXIT, Failure } from '../../util/failure.ts';
import type { Command, Context } from '../command.ts';
import { withData } from '../data.ts';
import { fill, newFile, unwritable } from '../new-file.ts';
import { shown, sizeNow } from '../progress.ts';

export const exportCommand: Command = {
  name: 'export',
  summary: 'Write out all that was said, as JSON lines or as Markdown.',
  details:
    'Everybody’s messages, oldest first, up to the newest there was when it began. A file is made for you only (mode 0600); without one, it goes to stdout.\n' +
    'With --data, it is what lies in that directory, and no relay is asked.',
  arguments: [{ name: 'file', sentence: 'where to; stdout when left out', optional: true }],
  options: [
    { flag: '--format', value: 'format', sentence: 'jsonl (default) or markdown', choices: ['jsonl', 'markdown'] },
    { flag: '--about', value: 'name', sentence: 'only what was sent by or to this name or room' },
    { flag: '--since', value: 'time', sentence: 'only the last 7d, 12h, 90m' },
  ],
  settings: ['relayUrl', 'data'],
  where: ['serve'],
  examples: [
    { line: 'claude-relay export | head -3', says: 'the first messages, as JSON', needs: 'relay' },
    {
      line: 'claude-relay export --format markdown --since 7d week.md',
      says: 'the last week, to read',
      needs: 'relay',
    },
    { line: "claude-relay export --about '#build'", says: 'one room', needs: 'relay' },
  ],
  async run(ctx) {
    const file = ctx.given.text('file');
    if (file === undefined) await write(ctx, stdoutOf(ctx));
    else await intoFile(ctx, resolve(ctx.cwd, file));
    return EXIT.ok;
  },
};

function intoFile(ctx: Context, file: string): Promise<void> {
  return newFile(ctx, file, (part) => {
    const written = () => fill(part, file, (sink) => write(ctx, sink));
    return shown(ctx.out, 'Exporting', written, () => sizeNow(part));
  });
}

/** A character of several bytes may come in two pieces. */
function stdoutOf({ out }: Context): Writable {
  const decoder = new StringDecoder('utf8');
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      printed(out, decoder.write(chunk)).then(
        () => done(),
        (error) => done(unwritable(error, 'stdout')),
      );
    },
  });
}

/** Standard output that is a file throws at once where others answer later. */
async function printed(out: Context['out'], text: string): Promise<void> {
  out.raw(text);
  await out.flush();
}

async function write(ctx: Context, sink: NodeJS.WritableStream): Promise<void> {
  const options = wanted(ctx);
  await withData(ctx, {
    online: (place) => streamAdmin('export', options, place, sink),
    offline: ({ tasks }) => pipeline(Readable.from(tasks.export(options)), sink, { end: false, signal: ctx.signal }),
  });
}

function wanted({ given }: Context): ExportOptions {
  const about = given.text('--about');
  const since = given.text('--since');
  const age = since === undefined ? undefined : timeOf(since);
  if (since !== undefined && age === undefined)
    throw new Failure('usage', '--since must be a time such as 7d, 12h or 90m.');
  return {
    format: given.text('--format') === 'markdown' ? 'markdown' : 'jsonl',
    ...(about === undefined ? {} : { about }),
    ...(age === undefined ? {} : { since: Math.max(0, systemClock.now() - age) }),
  };
}
