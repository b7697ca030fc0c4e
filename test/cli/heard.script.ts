/** Makes a file, and gets a signal in the last moment of it, in a callback of the system's. Says what came of it. Run by `new-file.test.ts`. */
import { stat, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Context } from '../../src/cli/command.ts';
import { newFile } from '../../src/cli/new-file.ts';

const [dir = ''] = process.argv.slice(2);
const end = new AbortController();
process.once('SIGINT', () => end.abort(new Error('heard')));
const ctx = { config: { settings: { data: join(dir, 'data') } }, signal: end.signal } as Context;
const last = new Promise<void>((resolve) =>
  stat(dir, () => {
    process.kill(process.pid, 'SIGINT');
    resolve();
  }),
);
const make = (part: string) => {
  writeFileSync(part, 'whole');
  return last;
};
await newFile(ctx, join(dir, 'file'), make).then(
  () => process.stdout.write('made\n'),
  (error: Error) => process.stdout.write(`${error.message}\n`),
);
