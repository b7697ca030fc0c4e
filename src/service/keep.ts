/**
 * `claude-relay keep <unit>`: the process that keeps one unit running, started by `background.ts`.
 *
 *     start ──→ it runs ──ends──→ an exit code of `final` → over
 *       ↑                         else: wait (2 s, 4 s … 60 s; 2 s again after it has run for a minute)
 *       └──────────────────────────────┘
 *     SIGTERM: the same to what runs, and over
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { join } from 'node:path';
import { statePaths } from '../config/paths.ts';
import { type Clock, sleep, systemClock } from '../util/clock.ts';
import { Failure } from '../util/failure.ts';
import { readPrivate } from '../util/files.ts';
import { markProcess } from '../util/processes.ts';
import { writeKeeping } from './background.ts';
import type { Unit, UnitName } from './unit.ts';

interface KeepInput {
  readonly home: string;
  readonly unit: UnitName;
  readonly env: NodeJS.ProcessEnv;
  /** Ends it. */
  readonly signal: AbortSignal;
  readonly clock?: Clock;
}

/** Resolves when it is over. Throws a Failure when there is no such unit. */
export async function keep({ home, unit: name, env, signal, clock = systemClock }: KeepInput): Promise<void> {
  const unit = readUnit(home, name);
  for (let delay = unit.delay.first; !signal.aborted; ) {
    const begun = clock.monotonic();
    const code = await runOnce({ unit, home, env, signal });
    if (signal.aborted || unit.final.includes(code) || (code === 0 && !unit.always)) return;
    const lasted = (clock.monotonic() - begun) / 1000;
    if (lasted >= unit.delay.most) delay = unit.delay.first;
    // Aborting is how this ends.
    await sleep(clock, delay * 1000, signal).catch(() => undefined);
    delay = Math.min(delay * 2, unit.delay.most);
  }
}

function readUnit(home: string, name: UnitName): Unit {
  const path = join(statePaths(home).services, `${name}.json`);
  const text = readPrivate(path);
  if (text === undefined)
    throw new Failure(
      'error',
      `No ${name} is kept here.`,
      'claude-relay connect and claude-relay service start do that.',
    );
  // `Background.render` wrote it, into a directory that is ours alone.
  return JSON.parse(text) as Unit;
}

interface Run {
  readonly unit: Unit;
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}

/** Answers the exit code; 1 for a signal, and when it could not be started. */
async function runOnce({ unit, home, env, signal }: Run): Promise<number> {
  const [program, ...args] = unit.command;
  const logs = [unit.logs.out, unit.logs.error].map(openLog);
  const child = spawn(program, args, { cwd: '/', env: { ...env, ...unit.environment }, stdio: ['ignore', ...logs] });
  for (const log of logs) closeSync(log);
  const ended = exitOf(child);
  if (child.pid !== undefined)
    writeKeeping(home, unit.name, { ...markProcess(process.pid), child: markProcess(child.pid) });
  const onAbort = () => child.kill('SIGTERM');
  signal.addEventListener('abort', onAbort, { once: true });
  const code = await ended;
  signal.removeEventListener('abort', onAbort);
  return code;
}

/** O_NOFOLLOW: the file of that name in our directory, nothing that it points to. */
function openLog(path: string): number {
  return openSync(
    path,
    constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | (constants.O_NOFOLLOW ?? 0),
    0o600,
  );
}

function exitOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    child.once('error', () => resolve(1));
    child.once('exit', (code) => resolve(code ?? 1));
  });
}
