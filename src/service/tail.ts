/** The end of a log, and what is added to it. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { type Clock, sleep, systemClock } from '../util/clock.ts';
import { errno } from '../util/failure.ts';

/** No more than this is read for the last lines. Bytes. */
const WINDOW = 1024 * 1024;
const POLL_MS = 500;

export interface Tail {
  readonly lines: readonly string[];
  /** Bytes: where the file ended. */
  readonly end: number;
}

/** The last whole lines; none for a file that is not there. */
export function lastLines(path: string, count: number): Tail {
  const read = readFrom(path, (size) => Math.max(0, size - WINDOW));
  if (read === undefined) return { lines: [], end: 0 };
  const lines = read.text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return { lines: count === 0 ? [] : lines.slice(-count), end: read.end };
}

/** What was added since the file ended at `from`; all of it when it became shorter, and no more than a window. */
export function addedSince(path: string, from: number): string {
  return readFrom(path, (size) => (size < from ? 0 : from))?.text ?? '';
}

interface FollowInput {
  readonly path: string;
  /** Where to go on. */
  readonly from: number;
  readonly signal: AbortSignal;
  readonly onText: (text: string) => void;
  readonly clock?: Clock;
}

/** Whole lines, until the signal aborts. A file that became shorter was rotated: it is read from its beginning. */
export async function follow({ path, from, signal, onText, clock = systemClock }: FollowInput): Promise<void> {
  let at = from;
  while (!signal.aborted) {
    const read = readFrom(path, (size) => (size < at ? 0 : at));
    const whole = wholeLines(read?.text ?? '');
    if (whole !== '') onText(whole);
    at = (read?.start ?? 0) + Buffer.byteLength(whole);
    // Aborting is how this ends.
    await sleep(clock, POLL_MS, signal).catch(() => undefined);
  }
}

/** A line that is still being written waits for its end, unless it is longer than what is read at once. */
function wholeLines(text: string): string {
  return Buffer.byteLength(text) >= WINDOW ? text : text.slice(0, text.lastIndexOf('\n') + 1);
}

interface Piece {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

function readFrom(path: string, start: (size: number) => number): Piece | undefined {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    if (errno(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const { size } = fstatSync(fd);
    const from = start(size);
    const bytes = Buffer.alloc(Math.min(size - from, WINDOW));
    const count = readSync(fd, bytes, 0, bytes.length, from);
    return { text: bytes.toString('utf8', 0, count), start: from, end: from + count };
  } finally {
    closeSync(fd);
  }
}
