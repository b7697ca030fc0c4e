/**
 * `claude-relay serve [port]`: the relay's process. stdout says one line, when connections are taken; stderr has the
 * log. It ends by signal, with 0; or with one clear line and the exit code of what was wrong.
 */
import { existsSync } from 'node:fs';
import { parseFlags } from './config/flags.ts';
import { loadConfig } from './config/load.ts';
import { OPTIONS, type Settings } from './config/options.ts';
import { statePaths } from './config/paths.ts';
import { personName, userName } from './config/person.ts';
import { readValue } from './config/values.ts';
import type { Log } from './relay/log.ts';
import { openLog } from './serve/log.ts';
import { endOnSignals } from './serve/signals.ts';
import { type Running, startRelay } from './serve/start.ts';
import { keepRotating } from './service/rotate.ts';
import { keepAlive, systemClock } from './util/clock.ts';
import { EXIT, Failure, reason } from './util/failure.ts';
import { safeText } from './util/safe-text.ts';
import { isStarted } from './util/started.ts';
import { VERSION } from './util/version.ts';

/** Resolves with the exit code when the relay has ended. `argv` is what stands after `serve`. */
export async function main(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  try {
    const { settings, warnings } = readSettings(argv, env);
    for (const warning of warnings) say(warning);
    return await run(settings, env);
  } catch (error) {
    const failure = error instanceof Failure ? error : new Failure('error', `The relay cannot run: ${reason(error)}`);
    say(failure.remedy ? `${failure.message} ${failure.remedy}` : failure.message);
    return failure.exit;
  }
}

/** `serve 9998` is `serve --port 9998`. Throws a `usage` Failure. */
export function readSettings(
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
): { settings: Settings; warnings: readonly string[] } {
  const { flags, rest } = parseFlags('serve', argv);
  const [port, extra] = rest;
  if (extra !== undefined)
    throw new Failure('usage', 'serve takes one port and nothing else.', 'Try: claude-relay serve 9999');
  if (port !== undefined) readValue(OPTIONS.port, port, 'The port');
  return loadConfig({ where: ['serve'], flags: { ...flags, ...(port === undefined ? {} : { port }) }, env });
}

/** Milliseconds. */
const LINGER = 250;
const SOON = 1_000;

/** Under a service manager stderr is a file in the state directory; without one there are none, and nothing is done. */
function keepLogsSmall({ home }: Settings, log: Log): void {
  const { logs } = statePaths(home);
  keepRotating({ logs, onError: (error) => log.warn({ error }, 'the logs could not be rotated') });
}

async function run(settings: Settings, env: NodeJS.ProcessEnv): Promise<number> {
  const log = openLog(settings.logLevel);
  const ended = endOnSignals(log);
  const scripts = {
    searchThread: beside('search.mjs'),
    checkpointThread: beside('checkpoint.mjs'),
    dataScript: beside('data.mjs'),
  };
  const running = await startRelay({
    ...settings,
    owner: personName(userName(env)),
    version: VERSION,
    log,
    ...scripts,
  });
  announce(running, log);
  keepLogsSmall(settings, log);
  loadRestSoon(running, log);
  const damage = await Promise.race([ended.asked, running.damaged]);
  // Once nothing listens, nothing else may: what is still under way waits for timers.
  const letGo = keepAlive();
  await running.stop().finally(letGo);
  if (damage) throw damage;
  log.info({}, 'stopped');
  // Whatever still holds the process then does not hold it for long.
  systemClock.after(LINGER, () => process.exit(EXIT.ok));
  return EXIT.ok;
}

/** Beside this file in the bundle; the sources have none. */
function beside(name: string): URL | undefined {
  const script = new URL(name, import.meta.url);
  return existsSync(script) ? script : undefined;
}

function announce({ url, port }: Running, log: Log): void {
  process.stdout.write(`${safeText(`[Claude Relay] Ready! Listening on ${url}`)}\n`);
  log.info({ url, port, pid: process.pid, version: VERSION }, 'started');
}

/** Not at once: who waited for the relay comes first. */
function loadRestSoon(running: Running, log: Log): void {
  systemClock.after(SOON, () => {
    running.loadRest().then(
      () => log.debug({}, 'all of the program is loaded'),
      (error) => log.error({ error }, 'a part of the program could not be loaded'),
    );
  });
}

function say(line: string): void {
  process.stderr.write(`${safeText(`claude-relay: ${line}`)}\n`);
}

if (isStarted(import.meta.url)) process.exit(await main(process.argv.slice(2), process.env));
