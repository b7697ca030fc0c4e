/** Who we are at the relay: the name that was granted, its key, and the epoch that positions belong to. */
import type { Hello, Welcome } from '../protocol/frames.ts';
import type { KeyStore } from './keys.ts';

/**
 * Another name than the one before. `renamed`: the session itself has a new name, its inbox came along. `suffixed`:
 * somebody else holds the old name, this is another session.
 */
export interface NameChange {
  readonly was: string;
  readonly now: string;
  readonly why: 'renamed' | 'suffixed';
}

/** The relay's data was restored or wiped; positions start anew. */
export interface Gap {
  readonly was: string;
  readonly now: string;
}

export class Standing {
  readonly #wanted: string | undefined;
  readonly #keys: KeyStore;
  readonly #onKeyLost: (name: string, error: unknown) => void;
  #granted: string | undefined;
  #isSuffixed = false;
  #epoch: string | undefined;

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
    if (welcome.name !== undefined)
      this.#keep(relay, welcome.name, welcome.key ?? this.#keys.load(relay, welcome.name));
    const gap = this.#noteEpoch(welcome.epoch);
    const change = this.#noteName(welcome.name, welcome.suffixed === true);
    return { ...(gap && { gap }), ...(change && { change }) };
  }

  /** By ourselves: inbox, positions and key moved along. */
  renamed(relay: URL, now: string): NameChange | undefined {
    const was = this.#granted;
    if (was === undefined || was === now) return undefined;
    this.#granted = now;
    this.#isSuffixed = false;
    this.#keep(relay, now, this.#keys.load(relay, was));
    return { was, now, why: 'renamed' };
  }

  #noteEpoch(now: string): Gap | undefined {
    const was = this.#epoch;
    this.#epoch = now;
    return was === undefined || was === now ? undefined : { was, now };
  }

  #noteName(now: string | undefined, isSuffixed: boolean): NameChange | undefined {
    const was = this.name;
    // On a reconnect under a suffixed name the relay no longer says so: it was asked for that very name.
    this.#isSuffixed = isSuffixed || (this.#isSuffixed && now === this.#granted);
    this.#granted = now;
    if (was === undefined || now === undefined || was === now) return undefined;
    return { was, now, why: isSuffixed ? 'suffixed' : 'renamed' };
  }

  #keep(relay: URL, name: string, key: string | undefined): void {
    if (key === undefined) return;
    try {
      this.#keys.save(relay, name, key, this.#epoch);
    } catch (error) {
      this.#onKeyLost(name, error);
    }
  }
}
