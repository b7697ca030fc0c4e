/** `npm start`: what a fresh clone needs, then `claude-relay serve` in this same process. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensure, ROOT, runScript } from './ensure.mjs';

const CLI = join(ROOT, 'dist/cli.mjs');
const PARENT_POLL_MS = 500;

/**
 * A signal to npm ends npm and the shell that it started, but many shells do not pass it on: without this the relay
 * would stay, and keep the port.
 */
function endWithNpm() {
  const parent = process.ppid;
  const poll = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(poll);
    process.kill(process.pid, 'SIGTERM');
  }, PARENT_POLL_MS);
  poll.unref();
}

await runScript(async () => {
  if (process.env.npm_lifecycle_event === 'start') endWithNpm();
  ensure();
  process.argv = [process.execPath, CLI, 'serve', ...process.argv.slice(2)];
  await import(pathToFileURL(CLI).href);
  return Number(process.exitCode ?? 0);
});
