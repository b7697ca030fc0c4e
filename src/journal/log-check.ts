/**
 * Has the disk altered the log? SQLite reads a log up to the first frame that is not as it was written, and takes what
 * follows for the remains of a crash. If more frames of the same log follow, they were written, and perhaps answered for:
 * that is damage, and has to be said.
 *
 *     header 32: magic · version · page size · sequence · salt ×2 · sum ×2
 *     frame  24: page · size after commit · salt ×2 · sum ×2, then the page     (sqlite.org/fileformat2.html, section 4)
 *
 * Each sum goes on from the one before it. A crash leaves no such thing: a frame that was not written whole has no salt
 * of this log, or is the last.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

const HEADER = 32;
const FRAME = 24;
/** The last bit says in which order of bytes the sums are made. */
const MAGIC = 0x377f0682;

/** How many pages of the log will not be read any more though they were written; 0 for a log that is whole, or not there. */
export function lostPages(path: string): number {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return 0; // no log, or one that cannot be read: SQLite will say so
  }
  try {
    return scan(fd, fstatSync(fd).size);
  } finally {
    closeSync(fd);
  }
}

interface Log {
  readonly isBigEndian: boolean;
  readonly page: number;
  readonly salts: readonly [number, number];
  readonly sums: Sums;
}

type Sums = readonly [number, number];

function scan(fd: number, size: number): number {
  if (size <= HEADER) return 0;
  const log = readHeader(fd);
  if (!log) return 1;
  const frame = new DataView(new ArrayBuffer(FRAME + log.page));
  let sums: Sums | undefined = log.sums;
  let lost = 0;
  for (let at = HEADER; at + frame.byteLength <= size; at += frame.byteLength) {
    readSync(fd, new Uint8Array(frame.buffer), 0, frame.byteLength, at);
    const isOurs = frame.getUint32(8) === log.salts[0] && frame.getUint32(12) === log.salts[1];
    if (sums && isOurs) sums = follows(frame, log, sums);
    else sums = undefined;
    if (!sums && isOurs) lost += 1;
  }
  return lost;
}

/** Undefined when it is not as it was written: then nothing of the log is read. */
function readHeader(fd: number): Log | undefined {
  const header = new DataView(new ArrayBuffer(HEADER));
  readSync(fd, new Uint8Array(header.buffer), 0, HEADER, 0);
  const magic = header.getUint32(0);
  if (magic >>> 1 !== MAGIC >>> 1) return undefined;
  const isBigEndian = (magic & 1) === 1;
  const sums = summed(header, 0, HEADER - 8, isBigEndian, [0, 0]);
  if (header.getUint32(24) !== sums[0] || header.getUint32(28) !== sums[1]) return undefined;
  const salts = [header.getUint32(16), header.getUint32(20)] as const;
  return { isBigEndian, page: header.getUint32(8), salts, sums };
}

/** The sums of this frame when it follows the one before, undefined when it does not. */
function follows(frame: DataView, { isBigEndian }: Log, before: Sums): Sums | undefined {
  const head = summed(frame, 0, 8, isBigEndian, before);
  const sums = summed(frame, FRAME, frame.byteLength - FRAME, isBigEndian, head);
  return frame.getUint32(16) === sums[0] && frame.getUint32(20) === sums[1] ? sums : undefined;
}

/** Over pairs of 32-bit numbers, as SQLite does it. */
function summed(view: DataView, start: number, length: number, isBigEndian: boolean, [a, b]: Sums): Sums {
  let [one, two] = [a, b];
  for (let at = start; at < start + length; at += 8) {
    one = (one + view.getUint32(at, !isBigEndian) + two) >>> 0;
    two = (two + view.getUint32(at + 4, !isBigEndian) + one) >>> 0;
  }
  return [one, two];
}
