/**
 * The run that is under way: `<home>/resume/run.json`, one at a time on a machine. By it the session process inside the run
 * knows whose it is, whatever the program made of its environment; and a waker that was killed leaves it to the next one,
 * which knows then whom an answer is owed, and which processes are not to go on.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { isName } from '../protocol/address.ts';
import { fieldsOf, parsed } from '../util/fields.ts';
import { ensurePrivateDir, readPrivate, writeAtomic } from '../util/files.ts';
import { ancestorsOf, isRunning, type ProcessMark } from '../util/processes.ts';

/** The mark is that of the agent program, which leads a process group of its own. */
export interface WokenRun extends ProcessMark {
  readonly name: string;
  /** The id of the message that it was woken for, and who wrote it. */
  readonly message: string;
  readonly from: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** Durable when it returns. */
export function writeRun(home: string, run: WokenRun): void {
  ensurePrivateDir(join(home, 'resume'));
  writeAtomic(fileOf(home), `${JSON.stringify(run)}\n`);
}

export function readRun(home: string): WokenRun | undefined {
  try {
    const value = parsed(readPrivate(fileOf(home)) ?? '');
    return isRun(value) ? value : undefined;
  } catch {
    return undefined; // open to others, or a link: then nothing in it is ours
  }
}

export function removeRun(home: string): void {
  rmSync(fileOf(home), { force: true });
}

/** The name that a process below the agent program of that run is to have. */
export function wokenAs(home: string, pid: number): string | undefined {
  const run = readRun(home);
  return run && ancestorsOf(pid).includes(run.pid) && isRunning(run) ? run.name : undefined;
}

function fileOf(home: string): string {
  return join(home, 'resume', 'run.json');
}

function isRun(value: unknown): value is WokenRun {
  const { name, message, from, at, pid, start } = fieldsOf(value);
  const isMark = typeof pid === 'number' && (start === undefined || typeof start === 'string');
  return isMark && isName(name) && typeof message === 'string' && typeof from === 'string' && typeof at === 'number';
}
