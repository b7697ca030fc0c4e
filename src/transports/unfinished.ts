/**
 * Bytes of messages that have begun to come and are not whole. One connection can hold back one message of the largest size;
 * a thousand of them would hold back memory: past the sum, whoever adds to it goes.
 */
import { LIMITS } from '../protocol/limits.ts';

/** What a message that is still coming may always have: a hello, or a short request. Bytes. */
const SMALL = LIMITS.helloBytes;

export class Unfinished {
  readonly most: number;
  /** Of all connections. */
  sum = 0;

  constructor(most: number = LIMITS.unfinishedBytes) {
    this.most = most;
  }

  /** One connection holds so many bytes where it held others. False when that is too much. */
  holds(bytes: number, before: number): boolean {
    this.sum += bytes - before;
    return bytes <= Math.max(before, SMALL) || this.sum <= this.most;
  }
}

/** Bytes of a frame that a client sends, with its head and mask (RFC 6455, 5.2). */
export function frameBytes(payload: number): number {
  return payload + (payload < 126 ? 6 : payload < 65_536 ? 8 : 14);
}
