/**
 * The streams at `/mcp` on which an inbox is watched. The protocol's library puts each piece of news behind the last one, whether those
 * were read or not; so there is news once a second at most, and who leaves it lying is cut off.
 */
import type { ServerResponse } from 'node:http';
import type { Clock, Timer } from '../util/clock.ts';

/** Between one piece of news and the next, milliseconds. It says that there is mail, not how much. */
const EVERY = 1_000;

export class Watchers {
  readonly #clock: Pick<Clock, 'after'>;
  readonly #tell: () => void;
  /** Each with whether it was stuck when there was news last. */
  readonly #streams = new Map<ServerResponse, boolean>();
  #pause: Timer | undefined;
  #hasNews = false;

  /** `tell` tells all of them. */
  constructor(clock: Pick<Clock, 'after'>, tell: () => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  add(stream: ServerResponse): void {
    this.#streams.set(stream, false);
    stream.once('close', () => this.#streams.delete(stream));
  }

  /** Mail may have come: the first time it is told at once. */
  news(): void {
    this.#hasNews = true;
    if (this.#pause === undefined) this.#next();
  }

  stop(): void {
    this.#pause?.cancel();
    this.#pause = undefined;
    this.#streams.clear();
  }

  #next(): void {
    this.#pause = undefined;
    if (!this.#hasNews) return;
    this.#hasNews = false;
    if (this.#streams.size === 0) return;
    this.#cutStuck();
    this.#tell();
    this.#pause = this.#clock.after(EVERY, () => this.#next());
  }

  /** Who has room for nothing twice in a row does not read. Its connection goes: a stream whose turn has not come has no other end. */
  #cutStuck(): void {
    for (const [stream, wasStuck] of this.#streams) {
      if (wasStuck && stream.writableNeedDrain) stream.req.socket.destroy();
      else this.#streams.set(stream, stream.writableNeedDrain);
    }
  }
}
