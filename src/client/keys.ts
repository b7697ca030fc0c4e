/**
 * Resume keys: what proves that a name is ours. One file a name and relay, `<dir>/<host_port>/<NAME>.json`, 0600.
 * The name inside decides, not the file's name: a disk that does not tell `cc-1` from `CC-1` must not hand one
 * session the key of the other.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isName } from '../protocol/address.ts';
import { RelayError } from '../protocol/codes.ts';
import { errno, isShortage } from '../util/failure.ts';
import { ensurePrivateDir, readPrivate, writeAtomic } from '../util/files.ts';
import { hostPort, isLoopback } from './place.ts';

/** What a session knew last of its relay: what has changed since is a gap. */
export interface Known {
  readonly epoch: string;
  /** As `welcome.missed` said. */
  readonly missed: number;
}

export interface KeyStore {
  /** The key of that name at that relay, when we have one. Throws when that cannot be read now, and may be later; so does `recall`. */
  load(relay: URL, name: string): string | undefined;
  /** What was kept with it. */
  recall(relay: URL, name: string): Known | undefined;
  /** Keeps it, durable when it returns. Throws when the disk does not take it; `load` still finds it in this process. */
  save(relay: URL, name: string, key: string, known?: Known): void;
}

interface KeyFile {
  readonly name: string;
  readonly key: string;
  readonly known?: Known;
}

/** Keys for one process life: for tests, and where nothing may be written. */
export class MemoryKeys implements KeyStore {
  readonly #keys = new Map<string, KeyFile>();

  load(relay: URL, name: string): string | undefined {
    return this.get(relay, name)?.key;
  }

  recall(relay: URL, name: string): Known | undefined {
    return this.get(relay, name)?.known;
  }

  save(relay: URL, name: string, key: string, known?: Known): void {
    this.#keys.set(`${hostPort(relay)}/${name}`, { name, key, ...(known && { known }) });
  }

  get(relay: URL, name: string): KeyFile | undefined {
    return this.#keys.get(`${hostPort(relay)}/${name}`);
  }
}

export class FileKeys implements KeyStore {
  readonly #dir: string;
  readonly #memory = new MemoryKeys();
  readonly #onUnreadable: (path: string, error: unknown) => void;

  /** `dir`: `<home>/keys`. `onUnreadable` hears of key files that could not be used: for the log. */
  constructor(dir: string, onUnreadable: (path: string, error: unknown) => void = () => {}) {
    this.#dir = dir;
    this.#onUnreadable = onUnreadable;
  }

  /** Does any relay know this machine by that name? */
  knows(name: string): boolean {
    return listed(this.#dir).some((place) => existsSync(join(this.#dir, place, `${name}.json`)));
  }

  load(relay: URL, name: string): string | undefined {
    return this.#find(relay, name)?.key;
  }

  recall(relay: URL, name: string): Known | undefined {
    return this.#find(relay, name)?.known;
  }

  save(relay: URL, name: string, key: string, known?: Known): void {
    if (!isName(name)) return;
    this.#memory.save(relay, name, key, known);
    const kept = this.#read(hostPort(relay), name);
    if (kept?.key === key && isSame(kept.known, known)) return;
    ensurePrivateDir(this.#dir);
    const dir = join(this.#dir, hostPort(relay));
    ensurePrivateDir(dir);
    writeAtomic(join(dir, `${name}.json`), `${JSON.stringify({ name, key, ...known })}\n`);
  }

  #find(relay: URL, name: string): KeyFile | undefined {
    if (!isName(name)) return undefined;
    return this.#memory.get(relay, name) ?? this.#read(hostPort(relay), name) ?? this.#elsewhere(relay, name);
  }

  #read(place: string, name: string): KeyFile | undefined {
    const path = join(this.#dir, place, `${name}.json`);
    try {
      const file = decode(readPrivate(path));
      return file?.name === name ? file : undefined;
    } catch (error) {
      // Without it the name would be lost to this session for its whole life.
      if (isShortage(error)) throw unreadableNow(path, error);
      this.#onUnreadable(path, error); // without a key the relay gives a free name: worse, but not fatal
      return undefined;
    }
  }

  /**
   * This machine's relay may have moved to another port: then the newest key of that name at any local port is it.
   * Only among local relays: a key is never offered to another machine than the one that gave it.
   */
  #elsewhere(relay: URL, name: string): KeyFile | undefined {
    if (!isLoopback(relay)) return undefined;
    const places = listed(this.#dir).filter((place) => place.startsWith('localhost_') && place !== hostPort(relay));
    const found = places.map((place) => ({ place, at: modifiedAt(join(this.#dir, place, `${name}.json`)) }));
    const newest = found.filter(({ at }) => at > 0).sort((a, b) => b.at - a.at);
    for (const { place } of newest) {
      const kept = this.#read(place, name);
      if (kept) return kept;
    }
    return undefined;
  }
}

function unreadableNow(path: string, error: unknown): RelayError {
  return new RelayError('not_connected', `${path} cannot be read now (${errno(error)}); it is tried again.`, error);
}

function decode(text: string | undefined): KeyFile | undefined {
  if (text === undefined) return undefined;
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null || !('name' in value) || !('key' in value)) {
    throw new Error('not a key file');
  }
  const { name, key, epoch, missed }: { name: unknown; key: unknown; epoch?: unknown; missed?: unknown } = value;
  if (typeof name !== 'string' || typeof key !== 'string' || key.length > 128) throw new Error('not a key file');
  // Files of before have none of it.
  const isKnown = typeof epoch === 'string' && typeof missed === 'number';
  return { name, key, ...(isKnown && { known: { epoch, missed } }) };
}

function isSame(a: Known | undefined, b: Known | undefined): boolean {
  return a?.epoch === b?.epoch && a?.missed === b?.missed;
}

function listed(dir: string): readonly string[] {
  try {
    return readdirSync(dir);
  } catch (error) {
    if (errno(error) === 'ENOENT') return [];
    throw error;
  }
}

function modifiedAt(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
