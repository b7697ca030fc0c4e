/** The pause of everything: until a person ends it or its time is over nothing is sent and nothing is given out. */
import { RelayError } from '../protocol/codes.ts';
import { pausedUntil } from '../state/queries/envelopes.ts';
import type { Timer } from '../util/clock.ts';
import type { Services } from './services.ts';

type Needed = Pick<Services, 'store' | 'clock' | 'relayTime'>;

export class Halt {
  readonly #services: Needed;
  readonly #onOver: () => void;
  #until: number | undefined;
  #timer: Timer | undefined;

  /** `onOver` is called when messages go on. */
  constructor(services: Needed, onOver: () => void) {
    this.#services = services;
    this.#onOver = onOver;
    this.#begin(pausedUntil(services.store));
  }

  /** Milliseconds since 1970; infinite where no end was said; undefined while messages go. */
  get until(): number | undefined {
    return this.#until !== undefined && this.#until > this.#services.relayTime() ? this.#until : undefined;
  }

  /** Throws `paused`. */
  check(): void {
    const { until } = this;
    if (until === undefined) return;
    const end = until === FOR_GOOD ? '' : ` until ${new Date(until).toISOString().slice(0, 19)}Z`;
    throw new RelayError('paused', `A person has paused all messages${end}; nothing was sent.`);
  }

  /** The pause has another end now, or is over (0). */
  set(until: number): void {
    // It may have ended, and nobody was told yet.
    const wasOn = this.#until !== undefined;
    this.#begin(until === 0 ? undefined : until);
    if (wasOn && this.until === undefined) this.#onOver();
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** A timer may fire a moment before its time: it is over now, for whoever asks because of this. */
  #end(): void {
    this.#until = undefined;
    this.#onOver();
  }

  #begin(until: number | undefined): void {
    this.#timer?.cancel();
    this.#until = until;
    if (until === undefined || until === FOR_GOOD) return;
    const { clock, relayTime } = this.#services;
    this.#timer = clock.after(Math.max(0, until - relayTime()), () => this.#end());
  }
}

/** The end of a pause that has none. */
export const FOR_GOOD = Number.MAX_SAFE_INTEGER;
