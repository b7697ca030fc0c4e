/** Who we are at the relay: the name that was granted, its key, and the epoch that positions belong to. */
import type { Hello, Welcome } from '../protocol/frames.ts';
import type { KeyStore, Known } from './keys.ts';

/**
 * Another name than the one before. `renamed`: the session itself has a new name, its inbox came along. `suffixed`:
 * somebody else holds the old name, this is another session.
 */
export interface NameChange {
  readonly was: string;
  readonly now: string;
  readonly why: 'renamed' | 'suffixed';
}

/**
 * Something is missing, and it is said. `replaced`: the relay's data was restored or wiped, positions start anew.
 * `rolled back`: the same data, but older than what we know of it (a copy was put in its place, a disk forgot). `missed`:
 * messages to us have ended that we were never given.
 */
export type Gap = { readonly why: 'replaced' | 'rolled back' } | { readonly why: 'missed'; readonly count: number };

export class Standing {
  readonly #wanted: string | undefined;
  readonly #keys: KeyStore;
  readonly #onKeyLost: (name: string, error: unknown) => void;
  #granted: string | undefined;
  /** Where it was granted: whatever the configuration says by now, its key and its epoch are of there. */
  #relay: URL | undefined;
  #isSuffixed = false;
  #known: Known | undefined;
  /** What this session was told of, and may forget: what is kept for its next life. */
  #told: Known | undefined;
  #isUntold = false;
  /** The newest position that we have heard of in this epoch. */
  #position = 0;

  /** `onKeyLost`: a key could not be written. This process still knows it; after a restart the name comes back suffixed. */
  constructor(wanted: string | undefined, keys: KeyStore, onKeyLost: (name: string, error: unknown) => void) {
    this.#wanted = wanted;
    this.#keys = keys;
    this.#onKeyLost = onKeyLost;
  }

  /** The name that is held, or wanted while none was granted. */
  get name(): string | undefined {
    return this.#granted ?? this.#wanted;
  }

  /** The name that was wanted, when somebody else holds it. */
  get missed(): string | undefined {
    return this.#isSuffixed ? this.#wanted : undefined;
  }

  /** What to say of it in hello. */
  claim(relay: URL): Pick<Hello, 'name' | 'key'> {
    const { name } = this;
    if (name === undefined) return {};
    const key = this.#keys.load(relay, name);
    return key === undefined ? { name } : { name, key };
  }

  /** What a welcome changed. */
  welcomed(relay: URL, welcome: Welcome): { readonly gap?: Gap; readonly change?: NameChange } {
    const { name } = welcome;
    if (name !== undefined && name !== this.#granted) this.#told = this.#known = this.#recall(relay, name, welcome.key);
    this.#relay = relay;
    const gap = this.#noteGap(welcome);
    if (name !== undefined) this.#keep(name, () => welcome.key ?? this.#keys.load(relay, name));
    const change = this.#noteName(welcome.name, welcome.suffixed === true);
    return { ...(gap && { gap }), ...(change && { change }) };
  }

  /** The gap was told to whoever it concerns: the next life of this session need not tell it again. Never throws. */
  gapTold(): void {
    this.#isUntold = false;
    this.#told = this.#known;
    const name = this.#granted;
    if (name !== undefined) this.#keep(name, (relay) => this.#keys.load(relay, name));
  }

  /** An answer or a delivery spoke of this position. */
  saw(position: number): void {
    this.#position = Math.max(this.#position, position);
  }

  /** By ourselves: inbox, positions and key moved along. Never throws: at the relay it has happened. */
  renamed(now: string): NameChange | undefined {
    const was = this.#granted;
    if (was === undefined || was === now) return undefined;
    this.#granted = now;
    this.#isSuffixed = false;
    this.#keep(now, (relay) => this.#keys.load(relay, was));
    return { was, now, why: 'renamed' };
  }

  /** A key that was just made is nowhere else: it is kept also where what was known cannot be read now. */
  #recall(relay: URL, name: string, made: string | undefined): Known | undefined {
    try {
      return this.#keys.recall(relay, name);
    } catch (error) {
      if (made !== undefined) this.#save(relay, name, () => made, undefined);
      throw error;
    }
  }

  #noteGap({ epoch, position, missed = 0 }: Welcome): Gap | undefined {
    const before = this.#known;
    const newest = before?.epoch === epoch ? this.#position : 0;
    this.#known = { epoch, missed };
    this.#position = Math.max(newest, position);
    const gap = gapBetween(before, this.#known, newest - position);
    // Its positions are what counts from now on.
    if (gap?.why === 'rolled back') this.#position = position;
    this.#isUntold ||= gap !== undefined;
    if (!this.#isUntold) this.#told = this.#known;
    return gap;
  }

  #noteName(now: string | undefined, isSuffixed: boolean): NameChange | undefined {
    const was = this.name;
    // On a reconnect under a suffixed name the relay no longer says so: it was asked for that very name.
    this.#isSuffixed = isSuffixed || (this.#isSuffixed && now === this.#granted);
    this.#granted = now;
    if (was === undefined || now === undefined || was === now) return undefined;
    return { was, now, why: isSuffixed ? 'suffixed' : 'renamed' };
  }

  #keep(name: string, keyAt: (relay: URL) => string | undefined): void {
    if (this.#relay) this.#save(this.#relay, name, keyAt, this.#told);
  }

  #save(relay: URL, name: string, keyAt: (relay: URL) => string | undefined, known: Known | undefined): void {
    try {
      const key = keyAt(relay);
      if (key !== undefined) this.#keys.save(relay, name, key, known);
    } catch (error) {
      this.#onKeyLost(name, error);
    }
  }
}

function gapBetween(before: Known | undefined, now: Known, lost: number): Gap | undefined {
  if (before !== undefined && before.epoch !== now.epoch) return { why: 'replaced' };
  if (lost > 0) return { why: 'rolled back' };
  const count = now.missed - (before?.missed ?? 0);
  return count > 0 ? { why: 'missed', count } : undefined;
}
