/**
 * What the relay does by itself: ends what outlived its time, and forgets what the retention says. Both go through the
 * journal in small commands, so that whoever sends meanwhile waits for none of it.
 */
import { RelayError } from '../protocol/codes.ts';
import { LIMITS } from '../protocol/limits.ts';
import { endedPosition, nextAfter } from '../state/queries/envelopes.ts';
import { isUnread } from '../state/queries/receipts.ts';
import { outdated, type Policy } from '../state/queries/retention.ts';
import { sleep, type Timer } from '../util/clock.ts';
import type { Services } from './services.ts';

/** How long things are kept, where nothing else is said. */
export interface Retention {
  /** Milliseconds that a message may stay unread. */
  readonly unread?: number | undefined;
  /** Milliseconds that a message is kept once nobody has it unread; without it, for ever. */
  readonly keep?: number | undefined;
  /** Messages, and bytes of them, that are kept of what was sent to one address. */
  readonly count?: number | undefined;
  readonly bytes?: number | undefined;
}

export interface PruneOptions extends Pick<Policy, 'count' | 'bytes'> {
  /** Milliseconds. */
  readonly olderThan?: number | undefined;
  /** Only what was sent to this address, and to no other. */
  readonly inbox?: string | undefined;
  /** Only says how many it would be. */
  readonly isTrial?: boolean;
}

/** How often envelopes whose life is over are looked for, milliseconds. */
const SWEEP = 1_000;
/** How often the retention is applied, milliseconds. */
const PRUNE = 60_000;
/** Between two pages: others are let in. Milliseconds. */
const PAUSE = 1;

export class Upkeep {
  readonly #services: Services;
  readonly #retention: Retention;
  readonly #timers: readonly Timer[];
  readonly #life = new AbortController();
  #isSweeping = false;
  #isPruning = false;

  constructor(services: Services, retention: Retention = {}) {
    this.#services = services;
    this.#retention = retention;
    const { keep, count, bytes } = retention;
    const forgets = (keep ?? count ?? bytes) !== undefined;
    this.#timers = [
      services.clock.every(SWEEP, () => void this.#sweep()),
      ...(forgets ? [services.clock.every(PRUNE, () => void this.#retain())] : []),
    ];
  }

  stop(): void {
    for (const timer of this.#timers) timer.cancel();
    this.#life.abort(new RelayError('shutting_down'));
  }

  /** Forgets what the options say, but for what somebody has yet to read. Answers how many that were. Rejects when the storage fails. */
  async prune({
    olderThan,
    isTrial,
    ...policy
  }: Omit<PruneOptions, 'inbox'> & Pick<Policy, 'channel'>): Promise<number> {
    const { store, journal, clock, relayTime } = this.#services;
    const before = olderThan === undefined ? undefined : relayTime() - olderThan;
    const found = new Set<number>();
    let pruned = 0;
    for (const page of outdated(store, { ...policy, before })) {
      // Unread ones are left out here, too, so that no command is made of what cannot go: that would be done again every minute.
      const done = page.filter((row) => !found.has(row.position) && !isUnread(store, row));
      const positions = done.map(({ position }) => position);
      if (isTrial) for (const position of positions) found.add(position);
      else if (positions.length > 0) pruned += (await journal.submit({ type: 'prune', positions })).outcome.pruned;
      await sleep(clock, PAUSE, this.#life.signal);
    }
    return isTrial ? found.size : pruned;
  }

  async #sweep(): Promise<void> {
    if (this.#isSweeping) return;
    this.#isSweeping = true;
    try {
      const { journal, relayTime } = this.#services;
      while (!this.#life.signal.aborted && this.#isDue())
        await journal.submit({ type: 'expire', at: relayTime(), stored: relayTime() - this.#unread });
    } catch (error) {
      this.#services.log.warn({ error }, 'envelopes whose life is over could not be ended; tried again in a second');
    } finally {
      this.#isSweeping = false;
    }
  }

  get #unread(): number {
    return this.#retention.unread ?? LIMITS.unreadSeconds * 1_000;
  }

  #isDue(): boolean {
    const { store, relayTime } = this.#services;
    if (store.get('SELECT 1 FROM expiring WHERE expires_at <= ? LIMIT 1', relayTime())) return true;
    const next = nextAfter(store, endedPosition(store));
    return next !== undefined && next.at <= relayTime() - this.#unread;
  }

  async #retain(): Promise<void> {
    const { keep, count, bytes } = this.#retention;
    if (this.#isPruning) return;
    this.#isPruning = true;
    try {
      const pruned = await this.prune({ olderThan: keep, count, bytes });
      if (pruned > 0) this.#services.log.info({ pruned }, 'forgot what was read long ago');
    } catch (error) {
      if (!this.#life.signal.aborted) this.#services.log.warn({ error }, 'pruning failed; tried again in a minute');
    } finally {
      this.#isPruning = false;
    }
  }
}
