/** Tells the sessions of a person that something is held for them: at most once a second, as it is by then. */
import { heldBySender, SENDERS } from '../state/queries/held.ts';
import type { Timer } from '../util/clock.ts';
import type { Services } from './services.ts';

/** Milliseconds. */
const TELL_EVERY = 1_000;

export class HeldNews {
  readonly #services: Pick<Services, 'store' | 'clock' | 'tell'>;
  readonly #telling = new Map<string, Timer>();

  constructor(services: Pick<Services, 'store' | 'clock' | 'tell'>) {
    this.#services = services;
  }

  /** Something more is held for that person. */
  note(person: string): void {
    if (this.#telling.has(person)) return;
    this.#telling.set(
      person,
      this.#services.clock.after(TELL_EVERY, () => this.#tell(person)),
    );
  }

  stop(): void {
    for (const timer of this.#telling.values()) timer.cancel();
  }

  #tell(person: string): void {
    this.#telling.delete(person);
    const held = heldBySender(this.#services.store, person, SENDERS);
    if (held.length > 0) this.#services.tell(person, { type: 'held', held });
  }
}
