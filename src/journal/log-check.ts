/**
 * Has the disk altered the log? SQLite reads a log up to the first frame that is not as it was written, and takes what
 * follows for the remains of a crash. If a transaction of the same log ends behind it, that was written as a whole, and
 * perhaps answered for: that is damage, and has to be said.
 *
 *     header 32: magic · version · page size · sequence · salt ×2 · sum ×2
 *     frame  24: page · size after commit · salt ×2 · sum ×2, then the page     (sqlite.org/fileformat2.html, section 4)
 *
 * Each sum goes on from the one before it, so that behind a gap a frame can be judged by the one before it alone. What a
 * killed process leaves is no damage, though its frames bear the salts of this log: it is killed between a frame's 24 bytes
 * and its page, where an older page still lies, or before its transaction ended, and the next process writes fewer frames
 * over those. None of that is the whole last frame of a transaction. So damage to the very last frame of the log is taken
 * for a crash: whoever was told more than is left notices it by the positions.
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
  let isRead = true;
  let before: readonly Sums[] = [log.sums];
  /** Of this log, from the first that SQLite does not read. */
  let unread = 0;
  let lost = 0;
  for (let at = HEADER; at + frame.byteLength <= size; at += frame.byteLength) {
    readSync(fd, new Uint8Array(frame.buffer), 0, frame.byteLength, at);
    const isOurs = frame.getUint32(8) === log.salts[0] && frame.getUint32(12) === log.salts[1];
    const said: Sums = [frame.getUint32(16), frame.getUint32(20)];
    const made = isOurs ? before.map((sums) => sumsAfter(sums, frame, log)) : [];
    const isWhole = made.some((sums) => sums[0] === said[0] && sums[1] === said[1]);
    isRead &&= isWhole;
    // Where the sums themselves were altered, the next frame goes on from what they were.
    before = isWhole ? [said] : [said, ...made.slice(0, 1)];
    if (isRead || !isOurs) continue;
    unread += 1;
    // A file that grew by this frame was as long only when all of it was written.
    const isEnd = at + frame.byteLength === size;
    if (frame.getUint32(4) !== 0 && (isWhole || isEnd)) lost = unread;
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

/** The sums that this frame must have behind one with those. */
function sumsAfter(before: Sums, frame: DataView, { isBigEndian }: Log): Sums {
  const head = summed(frame, 0, 8, isBigEndian, before);
  return summed(frame, FRAME, frame.byteLength - FRAME, isBigEndian, head);
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
