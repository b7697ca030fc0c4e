/** Commands that wait for the next write, with those who wait for them. */
import { RelayError } from '../protocol/codes.ts';
import type { Applied, Command, Effect } from '../state/command.ts';

export interface Entry {
  readonly command: Command;
  readonly resolve: (applied: Applied) => void;
  readonly reject: (error: unknown) => void;
}

export type Settled = { readonly entry: Entry } & ({ readonly applied: Applied } | { readonly error: unknown });

export class EffectListeners {
  readonly #listeners = new Set<(effects: readonly Effect[]) => void>();

  add(listener: (effects: readonly Effect[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What a listener throws is its own fault: it goes to the process, never to who submitted. */
  tell(effects: readonly Effect[]): void {
    if (effects.length === 0) return;
    for (const listener of this.#listeners) {
      try {
        listener(effects);
      } catch (error) {
        setImmediate(rethrow, error);
      }
    }
  }
}

function rethrow(error: unknown): never {
  throw error;
}

/** Tells the listeners, then those who wait: an answer never overtakes what it caused. */
export function settle(settled: readonly Settled[], listeners: EffectListeners): void {
  for (const each of settled) if ('applied' in each) listeners.tell(each.applied.effects);
  for (const each of settled) {
    if ('applied' in each) each.entry.resolve(each.applied);
    else each.entry.reject(each.error);
  }
}

/** SQLite says what went wrong with its storage in `errcode`, the primary code in the low byte (sqlite.org/rescode.html). */
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
/** NOMEM, READONLY, IOERR, CORRUPT, FULL, CANTOPEN, NOTADB. CONSTRAINT and the rest would be a fault of ours. */
const OF_STORAGE = new Set([7, 8, 10, SQLITE_CORRUPT, SQLITE_FULL, 14, 26]);

function primaryCode(error: unknown): number {
  if (isTooLarge(error)) return SQLITE_CORRUPT;
  return typeof error === 'object' && error !== null && 'errcode' in error ? Number(error.errcode) & 0xff : 0;
}

/** Both drivers say so, in these words only, of a number that no JavaScript program has written: the disk has. */
function isTooLarge(error: unknown): boolean {
  return (
    error instanceof Error && error.message.startsWith('Value is too large to be represented as a JavaScript number')
  );
}

/** SQLITE_CORRUPT or SQLITE_NOTADB. */
export function isDamage(error: unknown): boolean {
  return primaryCode(error) === SQLITE_CORRUPT || primaryCode(error) === 26;
}

/** SQLITE_ERROR: what our own SQL names is not there. */
export function isForeign(error: unknown): boolean {
  return primaryCode(error) === 1;
}

/** Is the disk at fault, and not the command that was being applied? */
export function isStorageError(error: unknown): boolean {
  return OF_STORAGE.has(primaryCode(error));
}

export function storageError(cause: unknown): RelayError {
  const isFull = primaryCode(cause) === SQLITE_FULL;
  return new RelayError(isFull ? 'storage_full' : 'storage_failed', undefined, cause);
}
