/** `npm start`: what a fresh clone needs, then `claude-relay serve` in this same process, so that signals reach it. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensure, ROOT, runScript } from './ensure.mjs';

const CLI = join(ROOT, 'dist/cli.mjs');

await runScript(async () => {
  ensure();
  process.argv = [process.execPath, CLI, 'serve', ...process.argv.slice(2)];
  await import(pathToFileURL(CLI).href);
  return Number(process.exitCode ?? 0);
});
