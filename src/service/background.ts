/**
 * What keeps programs running where there is neither launchd nor systemd (a container, an SSH session without a user
 * manager): a process of our own, `claude-relay keep <unit>`. It lasts until the machine goes down.
 *
 *     <home>/services/<unit>.json      what to run
 *     <home>/services/<unit>.run.json  who keeps it, and what runs; written by the keeper
 */
import { spawn } from 'node:child_process';
import { existsSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { statePaths } from '../config/paths.ts';
import { type Clock, sleep, systemClock } from '../util/clock.ts';
import { errno, Failure } from '../util/failure.ts';
import { checkPrivateDir, readPrivate, writeAtomic } from '../util/files.ts';
import { isRunning, type ProcessMark } from '../util/processes.ts';
import { endGroup } from '../util/run-group.ts';
import type { Supervised, Supervisor } from './supervisor.ts';
import type { Unit, UnitName } from './unit.ts';

interface BackgroundInput {
  readonly home: string;
  /** Absolute paths of Node and of this program. */
  readonly node: string;
  readonly script: string;
  readonly env: NodeJS.ProcessEnv;
  readonly clock?: Clock;
}

/** Who keeps a unit, and what it keeps. */
export interface Keeping extends ProcessMark {
  readonly child?: ProcessMark;
}

/** A keeper says what it started at once; on a machine that is very busy Node alone takes seconds. Milliseconds. */
const START_PATIENCE = 20_000;
const LOOK_EVERY = 25;

export class Background implements Supervisor {
  readonly name = 'background process';
  readonly #input: BackgroundInput;
  readonly #clock: Clock;

  constructor(input: BackgroundInput) {
    this.#input = input;
    this.#clock = input.clock ?? systemClock;
  }

  file(unit: UnitName): string {
    return join(statePaths(this.#input.home).services, `${unit}.json`);
  }

  render(unit: Unit): string {
    return `${JSON.stringify(unit, undefined, 2)}\n`;
  }

  /** It needs nobody. */
  async check(): Promise<void> {}

  async load(unit: UnitName): Promise<void> {
    // What lies in there is run.
    checkPrivateDir(statePaths(this.#input.home).services);
    await this.unload(unit);
    const { home, node, script } = this.#input;
    const env = { ...handedOn(this.#input.env), CLAUDE_RELAY_HOME: home };
    const keeper = spawn(node, [script, 'keep', unit], { detached: true, stdio: 'ignore', cwd: '/', env });
    const failed = new Promise<never>((_resolve, reject) => {
      keeper.once('error', (error) => reject(new Failure('error', `${node} cannot be started.`, undefined, error)));
    });
    keeper.unref();
    await Promise.race([failed, this.#started(unit)]);
  }

  async unload(unit: UnitName): Promise<void> {
    const keeping = readKeeping(this.#input.home, unit);
    // They are one group, which also outlives a keeper that was killed.
    if (keeping !== undefined && marksOf(keeping).some(isRunning)) await endGroup(keeping.pid);
    rmSync(runFile(this.#input.home, unit), { force: true });
  }

  /** Nobody has read the file but the keeper, who is gone. */
  async reload(): Promise<void> {
    try {
      rmdirSync(statePaths(this.#input.home).services);
    } catch (error) {
      // Another unit is in it, or there was never one.
      if (!['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes(errno(error) ?? '')) throw error;
    }
  }

  async status(unit: UnitName): Promise<Supervised> {
    const keeping = readKeeping(this.#input.home, unit);
    const isKept = keeping !== undefined && isRunning(keeping);
    const child = isKept && keeping.child !== undefined && isRunning(keeping.child) ? keeping.child : undefined;
    return {
      unit,
      file: this.file(unit),
      isInstalled: existsSync(this.file(unit)),
      isRunning: child !== undefined,
      state: child !== undefined ? 'running' : isKept ? 'about to be started again' : 'not loaded',
      ...(child === undefined ? {} : { pid: child.pid }),
    };
  }

  async #started(unit: UnitName): Promise<void> {
    const end = this.#clock.monotonic() + START_PATIENCE;
    while (readKeeping(this.#input.home, unit)?.child === undefined) {
      if (this.#clock.monotonic() >= end)
        throw new Failure(
          'error',
          `The ${unit} could not be started in the background.`,
          `See: claude-relay service logs ${unit}`,
        );
      await sleep(this.#clock, LOOK_EVERY);
    }
  }
}

/** What a service manager would give it: nothing of the session that it happens to be started from, and no secret. */
const HANDED_ON = ['HOME', 'LANG', 'LOGNAME', 'PATH', 'SHELL', 'TMPDIR', 'USER', 'XDG_RUNTIME_DIR'];

function handedOn(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => HANDED_ON.includes(name)));
}

function marksOf(keeping: Keeping): readonly ProcessMark[] {
  return keeping.child === undefined ? [keeping] : [keeping, keeping.child];
}

/** Is the unit one of those that we keep ourselves? */
export function isKept(home: string, unit: UnitName): boolean {
  return existsSync(join(statePaths(home).services, `${unit}.json`));
}

function runFile(home: string, unit: UnitName): string {
  return join(statePaths(home).services, `${unit}.run.json`);
}

export function writeKeeping(home: string, unit: UnitName, keeping: Keeping): void {
  writeAtomic(runFile(home, unit), `${JSON.stringify(keeping)}\n`);
}

function readKeeping(home: string, unit: UnitName): Keeping | undefined {
  const text = readPrivate(runFile(home, unit));
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isKeeping(value) ? value : undefined;
  } catch {
    return undefined; // damaged: nobody can be named
  }
}

function isKeeping(value: unknown): value is Keeping {
  if (!isMark(value)) return false;
  return !('child' in value) || isMark(value.child);
}

function isMark(value: unknown): value is ProcessMark {
  return typeof value === 'object' && value !== null && 'pid' in value && typeof value.pid === 'number';
}
