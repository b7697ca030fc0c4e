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

  part(): Part {
    return new Part(this);
  }
}

/** Of one connection. */
export class Part {
  readonly #all: Unfinished;
  #bytes = 0;

  constructor(all: Unfinished) {
    this.#all = all;
  }

  /** What has come of the message that is not whole. */
  get bytes(): number {
    return this.#bytes;
  }

  /** So many came. False when that is too much. */
  add(count: number): boolean {
    this.#set(this.#bytes + count);
    return this.#bytes <= SMALL || this.#all.sum <= this.#all.most;
  }

  /** So many of them are whole now, or gone. */
  take(count: number): void {
    this.#set(Math.max(0, this.#bytes - count));
  }

  #set(bytes: number): void {
    this.#all.sum += bytes - this.#bytes;
    this.#bytes = bytes;
  }
}

/** Bytes of a frame that a client sends, with its head and mask (RFC 6455, 5.2). */
export function frameBytes(payload: number): number {
  return payload + (payload < 126 ? 6 : payload < 65_536 ? 8 : 14);
}
