/**
 * Keeps the logs small. launchd and systemd hold the files open and append, so a full one is copied and then emptied in place:
 *
 *     relay.log.4 → .5   …   relay.log.1 → .2   relay.log ⇒ .1   relay.log emptied
 *
 * A line that is written in the instant between the last read of the copy and the emptying is lost; logs are no journal.
 */
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { type Clock, systemClock, type Timer } from '../util/clock.ts';
import { errno } from '../util/failure.ts';
import { withLock } from '../util/lock.ts';

export interface RotateLimits {
  /** A file larger than this is rotated. Bytes. */
  readonly max: number;
  /** So many older ones are kept. */
  readonly keep: number;
}

export const LOG_LIMITS: RotateLimits = { max: 10 * 1024 * 1024, keep: 5 };
const HOUR_MS = 60 * 60 * 1000;
const CHUNK = 256 * 1024;

interface KeepRotating {
  readonly logs: string;
  readonly clock?: Clock;
  readonly limits?: RotateLimits;
  /** Told what went wrong; a log that cannot be rotated stops nothing. */
  readonly onError: (error: unknown) => void;
}

/** Rotates now and every hour, until the timer is cancelled. */
export function keepRotating({ logs, clock = systemClock, limits = LOG_LIMITS, onError }: KeepRotating): Timer {
  const rotate = () => {
    rotateLogs(logs, limits).catch(onError);
  };
  rotate();
  return clock.every(HOUR_MS, rotate);
}

/** Rotates every `*.log` of the directory that is full; answers their names. One process at a time. */
export async function rotateLogs(logs: string, limits: RotateLimits = LOG_LIMITS): Promise<readonly string[]> {
  const names = logNames(logs);
  if (names.length === 0) return [];
  return withLock(join(logs, 'rotate.lock'), () => names.filter((name) => rotateFile(join(logs, name), limits)));
}

function logNames(logs: string): string[] {
  try {
    return readdirSync(logs).filter((name) => name.endsWith('.log'));
  } catch (error) {
    // No directory: nothing was ever installed.
    if (errno(error) === 'ENOENT') return [];
    throw error;
  }
}

/** O_NOFOLLOW: what is emptied is the file of that name in our directory, nothing that it points to. */
function rotateFile(path: string, { max, keep }: RotateLimits): boolean {
  const fd = openSync(path, constants.O_RDWR | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile() || stats.size <= max) return false;
    for (let n = keep - 1; n >= 1; n -= 1) moveIfThere(`${path}.${n}`, `${path}.${n + 1}`);
    rmSync(`${path}.1`, { force: true });
    copyOpen(fd, `${path}.1`);
    ftruncateSync(fd, 0);
    return true;
  } finally {
    closeSync(fd);
  }
}

function moveIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (errno(error) !== 'ENOENT') throw error;
  }
}

/** Until its end, as far away as that has moved meanwhile. */
function copyOpen(from: number, path: string): void {
  const to = openSync(path, 'wx', 0o600);
  try {
    const chunk = Buffer.alloc(CHUNK);
    for (let at = 0; ; ) {
      const count = readSync(from, chunk, 0, CHUNK, at);
      if (count === 0) break;
      writeAll(to, chunk.subarray(0, count));
      at += count;
    }
    fsyncSync(to);
  } finally {
    closeSync(to);
  }
}

function writeAll(fd: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
}
