/** What is appended to a file of JSON lines, read as it is asked for: complete lines, each once, a bounded number of bytes at a time. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** Bytes of one look. A file that grew by more is read from its last part: what is older is of no interest any more. */
const AT_ONCE = 8 * 1024 * 1024;

export class JsonlTail {
  readonly path: string;
  /** Always at the beginning of a line, but for the first look into the past. */
  #offset: number;

  /** Begins at the end of what is there, or `past` bytes before it. */
  constructor(path: string, past = 0) {
    this.path = path;
    this.#offset = Math.max(0, sizeOf(path) - past);
  }

  /** Lines that were completed since the last look. A file that cannot be read now has none; one that was cut is begun again. */
  lines(): readonly string[] {
    const fd = open(this.path);
    if (fd === undefined) return [];
    try {
      return this.#read(fd).split('\n').filter(Boolean);
    } catch {
      return []; // best effort: they are read at a later look
    } finally {
      closeSync(fd);
    }
  }

  /** Up to the last line break: what comes after it is not whole yet. */
  #read(fd: number): string {
    const { size } = fstatSync(fd);
    const from = Math.max(size < this.#offset ? 0 : this.#offset, size - AT_ONCE);
    const buffer = Buffer.alloc(size - from);
    const count = readSync(fd, buffer, 0, buffer.length, from);
    const end = count === 0 ? 0 : buffer.lastIndexOf(10, count - 1) + 1;
    this.#offset = from + end;
    return buffer.toString('utf8', 0, end);
  }
}

/** Best effort: a line that nothing can be made of says nothing, and keeps nobody from the next. */
export function eachLine(lines: readonly string[], read: (line: string) => void): void {
  for (const line of lines) {
    try {
      read(line);
    } catch {
      // JSON that is nested too deep for JSON.stringify, or an object that String makes no text of: no program writes such on purpose.
    }
  }
}

function open(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch {
    return undefined; // not there yet, or not for us: then there is nothing to be read
  }
}

function sizeOf(path: string): number {
  const fd = open(path);
  if (fd === undefined) return 0;
  try {
    return fstatSync(fd).size;
  } catch {
    return 0; // as one that is not there yet
  } finally {
    closeSync(fd);
  }
}
