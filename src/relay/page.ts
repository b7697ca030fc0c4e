/** Envelopes of one answer or frame: so many, and so many bytes as they go out, but always at least one. */
import type { Envelope } from '../protocol/envelope.ts';
import { LIMITS } from '../protocol/limits.ts';
import { envelopeBytes } from '../protocol/texts.ts';

export class Page {
  readonly messages: Envelope[] = [];
  readonly #count: number;
  #bytes = 0;

  constructor(count: number) {
    this.#count = count;
  }

  get isFull(): boolean {
    return this.messages.length >= this.#count || this.#bytes >= LIMITS.pageBytes;
  }

  /** False, and nothing added, when it does not fit any more. */
  add(envelope: Envelope): boolean {
    const bytes = envelopeBytes(envelope);
    if (this.messages.length > 0 && (this.isFull || this.#bytes + bytes > LIMITS.pageBytes)) return false;
    this.#bytes += bytes;
    this.messages.push(envelope);
    return true;
  }
}
