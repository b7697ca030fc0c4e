/** Sees to it that a relay of this state directory runs: finds it, or starts it and waits until it answers. */
import { once } from '../client/once.ts';
import { statePaths } from '../config/paths.ts';
import { type RelayFile, readRelayFile } from '../config/relay-file.ts';
import { readToken } from '../config/token.ts';
import { RelayError } from '../protocol/codes.ts';
import { installUnit, reachableSupervisor, uninstallUnit } from '../service/install.ts';
import type { Supervisor } from '../service/supervisor.ts';
import { addedSince, lastLines } from '../service/tail.ts';
import type { Unit } from '../service/unit.ts';
import { type Clock, sleep, systemClock } from '../util/clock.ts';
import { Failure } from '../util/failure.ts';
import { isRunning } from '../util/processes.ts';
import type { Context } from './command.ts';

/** As `service start --json` tells it; `connect` reads it on the other machine. */
export interface RelayHere {
  readonly url: string;
  readonly port: number;
  readonly version: string;
  /** The state directory. */
  readonly home: string;
  /** What started it just now; absent when it ran already. */
  readonly started?: string;
  /** What its user must know of that. */
  readonly hint?: string;
}

/** A relay answers within a second, but for one that has much to read. Milliseconds. */
const PATIENCE_MS = 20_000;
const LOOK_EVERY = 100;
const ASK_MS = 2_000;

/** The relay that runs, when it answers. Rejects with its refusal. */
export async function runningRelay(home: string): Promise<RelayHere | undefined> {
  const file = readRelayFile(home);
  if (file === undefined || !isRunning(file)) return undefined;
  try {
    const { version } = await once('status', {}, { url: file.url, token: readToken(home), timeoutMs: ASK_MS });
    return here(home, file, version);
  } catch (error) {
    const isAway = error instanceof RelayError && ['not_connected', 'timeout', 'shutting_down'].includes(error.code);
    if (isAway) return undefined;
    throw error;
  }
}

const here = (home: string, { url, port }: RelayFile, version: string): RelayHere => ({ url, port, version, home });

/** Throws a Failure with the relay's own last words when it does not start; then nothing is left of it. */
export async function startRelayHere(ctx: Context, unit: Unit, clock: Clock = systemClock): Promise<RelayHere> {
  const { config, platform, node, script, run, env, userHome } = ctx;
  const { home } = config.settings;
  const running = await runningRelay(home);
  if (running !== undefined) return running;
  const own = { platform, home, node, script };
  const supervisor = await reachableSupervisor(own, { run, env, userHome, uid: process.getuid?.() ?? 0 });
  const { end } = lastLines(unit.logs.error, 0);
  await installUnit(supervisor, unit, home);
  const limit = clock.monotonic() + PATIENCE_MS;
  while (clock.monotonic() < limit) {
    const found = await runningRelay(home);
    if (found !== undefined) return { ...found, started: supervisor.name };
    // What it cannot do it says at once, and would only say again.
    if (lastWords(unit, end) !== undefined) break;
    await sleep(clock, LOOK_EVERY, ctx.signal);
  }
  throw await notStarted(supervisor, unit, end, home);
}

async function notStarted(supervisor: Supervisor, unit: Unit, end: number, home: string): Promise<Failure> {
  await uninstallUnit(supervisor, 'relay');
  const said = lastWords(unit, end);
  return new Failure(
    'error',
    said === undefined ? 'The relay did not start.' : `The relay did not start: ${said}`,
    `Its log: ${statePaths(home).logs}`,
  );
}

/** Its refusal, in the one line that `serve` says before it ends. */
function lastWords({ logs }: Unit, from: number): string | undefined {
  const said = addedSince(logs.error, from).match(/^claude-relay: (.*)$/gm) ?? [];
  return said.at(-1)?.slice('claude-relay: '.length);
}
