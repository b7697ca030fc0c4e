/**
 * A file that a command makes for somebody: whole or not at all, and never over something that is there.
 *
 *     .NAME.<random>.part (0600) ─→ written, synced ─→ linked to NAME, which must be free ─→ directory synced
 */
import { lstatSync, realpathSync, rmSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname, sep } from 'node:path';
import { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { errno, Failure, reason } from '../util/failure.ts';
import { giveName, partName } from '../util/files.ts';
import type { Context } from './command.ts';

/** `make` makes the file that it is given, synced; then that is called `path`. Nothing stays of it when it fails. */
export async function newFile<T>(ctx: Context, path: string, make: (part: string) => Promise<T>): Promise<T> {
  checkTarget(path, ctx.config.settings.data);
  const part = partName(path);
  try {
    const made = await make(part);
    // A signal that came while nobody could hear it is heard now: what we are in the middle of may be the part of a turn after the one
    // that brings signals, so that it takes two.
    for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
    ctx.signal.throwIfAborted();
    if (!named(part, path)) throw isThere(path);
    return made;
  } finally {
    rmSync(part, { force: true });
  }
}

function named(part: string, path: string): boolean {
  try {
    return giveName(part, path);
  } catch (error) {
    throw unwritable(error, path);
  }
}

/** Makes `part`, gives what `write` writes to it, and syncs it. What goes wrong with it is told of `path`. */
export async function fill(part: string, path: string, write: (sink: Writable) => Promise<void>): Promise<void> {
  const file = await open(part, 'wx', 0o600).catch((error) => {
    throw unwritable(error, path);
  });
  try {
    const sink = sinkOf(file, path);
    await write(sink);
    sink.end();
    await finished(sink);
    await file.sync().catch((error) => {
      throw unwritable(error, path);
    });
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

function sinkOf(file: FileHandle, path: string): Writable {
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      file.writeFile(chunk).then(
        () => done(),
        (error) => done(unwritable(error, path)),
      );
    },
  });
  // `finished` tells it, when nobody listens any more.
  sink.on('error', () => undefined);
  return sink;
}

/** Before any work is done for it. */
function checkTarget(path: string, data: string): void {
  const parent = dirname(path);
  const there = realPath(parent);
  if (there === undefined) throw noDirectory(parent);
  if (isWithin(there, realPath(data)))
    throw new Failure(
      'error',
      `${path} would be among the relay’s data: what lies there may be taken for them.`,
      'Choose another directory.',
    );
  const stats = statsOf(path);
  if (stats?.isDirectory()) throw new Failure('error', `${path} is a directory.`, 'Name a file in it.');
  if (stats) throw isThere(path);
}

function statsOf(path: string) {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw unwritable(error, path);
  }
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch (error) {
    if (errno(error) === 'ENOENT' || errno(error) === 'ENOTDIR') return undefined;
    throw unwritable(error, path);
  }
}

function isWithin(dir: string, other: string | undefined): boolean {
  return other !== undefined && `${dir}${sep}`.startsWith(`${other}${sep}`);
}

function isThere(path: string): Failure {
  return new Failure('error', `${path} is there already.`, 'Choose another file.');
}

function noDirectory(dir: string): Failure {
  return new Failure('error', `There is no directory ${dir}.`, 'Make it, or choose another one.');
}

/** Of the system where it stands between us and `path`; any other error is answered as it is. */
export function unwritable(thrown: unknown, path: string): Error {
  const error = thrown instanceof Error ? thrown : new Error(reason(thrown));
  if (isFull(error))
    return new Failure(
      'error',
      `There is no room on the disk of ${path}.`,
      'Make room there, or let it go elsewhere.',
      error,
    );
  const code = errno(error) ?? '';
  // EPIPE is a reader that went away: see `ending.ts`.
  if (!/^E[A-Z0-9]+$/.test(code) || code === 'EPIPE') return error;
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return noDirectory(dirname(path));
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new Failure('error', `${dirname(path)} may not be written by you.`, 'Choose another directory.', error);
    default:
      return new Failure('error', `${path} cannot be written: ${reason(error)}.`, 'Choose another file.', error);
  }
}

/** EFBIG: `ulimit -f`. SQLite says it in words. */
function isFull(error: Error): boolean {
  if (['ENOSPC', 'EDQUOT', 'EFBIG'].includes(errno(error) ?? '')) return true;
  return /database or disk is full/.test(error.message);
}
