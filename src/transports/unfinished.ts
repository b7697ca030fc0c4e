/**
 * Bytes of messages that have begun to come and are not whole. One connection can hold back one message of the largest size;
 * a thousand of them would hold back memory: past the sum, whoever adds to it goes.
 */
import { LIMITS } from '../protocol/limits.ts';

/** What a message that is still coming may always have: a hello, or a short request. Bytes. */
const SMALL = LIMITS.helloBytes;

export class Unfinished {
  readonly #most: number;
  #sum = 0;

  constructor(most: number = LIMITS.unfinishedBytes) {
    this.#most = most;
  }

  /** Of one connection. */
  part(): Part {
    let bytes = 0;
    const set = (now: number) => {
      this.#sum += now - bytes;
      bytes = now;
    };
    return {
      add: (count) => {
        set(bytes + count);
        return bytes <= SMALL || this.#sum <= this.#most;
      },
      take: (count) => set(Math.max(0, bytes - count)),
      bytes: () => bytes,
    };
  }
}

export interface Part {
  /** So many came. False when that is too much. */
  add(count: number): boolean;
  /** So many of them are whole now, or gone. */
  take(count: number): void;
  /** What has come of the message that is not whole. */
  bytes(): number;
}

/** Bytes of a frame that a client sends, with its head and mask (RFC 6455, 5.2). */
export function frameBytes(payload: number): number {
  return payload + (payload < 126 ? 6 : payload < 65_536 ? 8 : 14);
}
