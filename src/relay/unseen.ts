/**
 * What was handed to a session that is here and was not seen yet. When the session goes and does not come back, the senders
 * are told: a process that ended cannot say any more what became of it.
 */
import { awaitsNotice } from '../protocol/receipt.ts';
import type { Effect } from '../state/command.ts';
import { nameOf } from '../state/queries/sessions.ts';
import type { Timer } from '../util/clock.ts';
import type { Services } from './services.ts';

/** A connection that breaks comes back in less. Milliseconds. */
const GRACE = 15_000;
/** Positions that are remembered of one session, the newest. */
const REMEMBERED = 1_024;

export class Unseen {
  readonly #services: Services;
  readonly #handed = new Map<number, Set<number>>();
  readonly #leaving = new Map<number, Timer>();
  #isStopped = false;

  constructor(services: Services) {
    this.#services = services;
  }

  /** A receipt was applied, or a remark on one. */
  note({ session, position, state }: Effect & { kind: 'receipt' }): void {
    if (state !== 'handed') {
      if (!awaitsNotice(state)) this.#forget(session, position);
      return;
    }
    // It may be written when the session is gone already: said in its last moment.
    if (!this.#services.presence.isHere(session) && !this.#leaving.has(session)) return;
    const handed = this.#handed.get(session) ?? new Set();
    this.#handed.set(session, handed.add(position));
    for (const oldest of handed) {
      if (handed.size <= REMEMBERED) break;
      handed.delete(oldest);
    }
  }

  /** The holder of the name is gone. */
  left(session: number): void {
    if (this.#isStopped) return;
    this.#leaving.get(session)?.cancel();
    const { clock, presence, log } = this.#services;
    const timer = clock.after(GRACE, () => {
      this.#leaving.delete(session);
      if (presence.isHere(session)) return;
      this.#tell(session).catch((error) => log.warn({ error }, 'a remark could not be written'));
    });
    this.#leaving.set(session, timer);
  }

  /** The relay goes down, and everybody with it. */
  stop(): void {
    this.#isStopped = true;
    for (const timer of this.#leaving.values()) timer.cancel();
  }

  #forget(session: number, position: number): void {
    const handed = this.#handed.get(session);
    handed?.delete(position);
    if (handed?.size === 0) this.#handed.delete(session);
  }

  async #tell(session: number): Promise<void> {
    const { journal, store, now } = this.#services;
    const positions = [...(this.#handed.get(session) ?? [])];
    this.#handed.delete(session);
    if (positions.length === 0) return;
    const reason = `${nameOf(store, session)} went away before there was a sign that it was read`;
    await journal.post({ type: 'remark', at: now(), session, positions, reason });
  }
}
