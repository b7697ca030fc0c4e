/**
 * A lock between processes: a file made with O_EXCL that says who holds it.
 *
 *     take:   open(O_EXCL) ok ──────────────→ held → unlink
 *             EEXIST → holder runs?  yes → wait a little, again, until the time is up
 *                                    no  → break it, again
 *
 * Breaking is done under a second, very short lock, and looks at the file once more: otherwise two waiters that both
 * saw the dead holder could remove each other's new lock.
 */
import { closeSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { type Clock, sleep, systemClock } from './clock.ts';
import { errno, Failure } from './failure.ts';
import { isRunning, markProcess, type ProcessMark } from './processes.ts';

interface LockOptions {
  readonly clock?: Clock;
  /** How long to wait for another holder. Milliseconds. */
  readonly patience?: number;
  readonly signal?: AbortSignal;
}

interface Holder extends ProcessMark {
  readonly host: string;
}

const PATIENCE_MS = 5_000;
const RETRY_MS = 15;
/** A lock whose text cannot be read: its maker died between open and write, or is just there. Milliseconds. */
const UNREADABLE_STALE_MS = 5_000;
/** A holder on another machine (a shared home) cannot be looked up; nothing here holds a lock for long. Milliseconds. */
const FOREIGN_STALE_MS = 60_000;

/** Runs `work` while holding the lock; always gives it back. Throws a Failure that names the holder when it waits in vain. */
export async function withLock<T>(path: string, work: () => T | Promise<T>, options: LockOptions = {}): Promise<T> {
  await takeLock(path, options);
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

async function takeLock(path: string, options: LockOptions): Promise<void> {
  const clock = options.clock ?? systemClock;
  const end = clock.monotonic() + (options.patience ?? PATIENCE_MS);
  while (!tryTake(path)) {
    if (isStale(path, clock)) breakLock(path, clock);
    else if (clock.monotonic() >= end) throw heldBy(path);
    else await sleep(clock, RETRY_MS, options.signal);
  }
}

/** Makes the lock file, or answers false when there is one. */
function tryTake(path: string): boolean {
  const fd = openExclusive(path);
  if (fd === undefined) return false;
  try {
    const holder: Holder = { ...markProcess(process.pid), host: hostname() };
    writeFileSync(fd, JSON.stringify(holder));
  } finally {
    closeSync(fd);
  }
  return true;
}

function openExclusive(path: string): number | undefined {
  try {
    return openSync(path, 'wx', 0o600);
  } catch (error) {
    if (errno(error) === 'EEXIST') return undefined;
    throw error;
  }
}

function isStale(path: string, clock: Clock): boolean {
  const age = ageOf(path, clock);
  // Gone meanwhile: not stale, just free; the next try takes it.
  if (age === undefined) return false;
  const holder = readHolder(path);
  if (holder === undefined) return age > UNREADABLE_STALE_MS;
  return holder.host === hostname() ? !isRunning(holder) : age > FOREIGN_STALE_MS;
}

function ageOf(path: string, clock: Clock): number | undefined {
  const stats = statSync(path, { throwIfNoEntry: false });
  // From a time to come: the clock was set back since, and it is as old as that at least.
  return stats === undefined ? undefined : Math.abs(clock.now() - stats.mtimeMs);
}

function readHolder(path: string): Holder | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return isHolder(value) ? value : undefined;
  } catch {
    // Half written, damaged or gone: nobody can be named.
    return undefined;
  }
}

function isHolder(value: unknown): value is Holder {
  if (typeof value !== 'object' || value === null || !('pid' in value) || !('host' in value)) return false;
  const startOk = !('start' in value) || typeof value.start === 'string';
  return typeof value.pid === 'number' && typeof value.host === 'string' && startOk;
}

function breakLock(path: string, clock: Clock): void {
  const breaker = `${path}.break`;
  const fd = openExclusive(breaker);
  if (fd === undefined) {
    // A breaker lives for microseconds; an old one belongs to a process that died in them.
    if ((ageOf(breaker, clock) ?? 0) > UNREADABLE_STALE_MS) rmSync(breaker, { force: true });
    return;
  }
  try {
    if (isStale(path, clock)) rmSync(path, { force: true });
  } finally {
    closeSync(fd);
    rmSync(breaker, { force: true });
  }
}

function heldBy(path: string): Failure {
  const holder = readHolder(path);
  const who = holder === undefined ? 'another process' : `process ${holder.pid} on ${holder.host}`;
  return new Failure('error', `${path} is held by ${who}.`, 'Try again in a moment; end that process if it hangs.');
}
