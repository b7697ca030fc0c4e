/** Is the other side of a connection there? What comes says that it was; only the pong to a ping says that it was there then. */
import { TIMES } from '../protocol/limits.ts';
import type { Clock } from '../util/clock.ts';
import type { Socket } from './socket.ts';

export class Pulse {
  readonly #clock: Clock;
  readonly #socket: Pick<Socket, 'ping'>;
  #heard: number;
  #pinged: number;
  /** Pings, numbered from 1; and the last of them that was answered. */
  #pings = 0;
  #answered = 0;

  constructor(clock: Clock, socket: Pick<Socket, 'ping'>) {
    this.#clock = clock;
    this.#socket = socket;
    this.#heard = this.#pinged = whole(clock);
  }

  /** Milliseconds, monotonic: when anything came last. It may have been long on its way. */
  get heard(): number {
    return this.#heard;
  }

  /** Pings when it is time for that. False after too long a silence. */
  check(): boolean {
    const now = whole(this.#clock);
    if (now - this.#heard > TIMES.silence) return false;
    if (now - this.#pinged < TIMES.ping) return true;
    this.#pinged = now;
    this.ping();
    return true;
  }

  /** Asks for a sign of life; `hasAnswered` says whether there was one to this. */
  ping(): number {
    this.#pings += 1;
    this.#socket.ping(`${this.#pings}`);
    return this.#pings;
  }

  /** Or a later one. What came without being asked for may have been on its way since before. */
  hasAnswered(ping: number): boolean {
    return this.#answered >= ping;
  }

  hear(): void {
    this.#heard = whole(this.#clock);
  }

  onPong(mark: string): void {
    this.hear();
    const ping = Number(mark);
    if (ping > this.#answered && ping <= this.#pings) this.#answered = ping;
  }
}

/** Whole milliseconds: a number with a fraction takes 16 bytes of its own, for each connection. */
function whole(clock: Clock): number {
  return Math.floor(clock.monotonic());
}
