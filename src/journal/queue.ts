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

  tell(effects: readonly Effect[]): void {
    if (effects.length > 0) for (const listener of this.#listeners) listener(effects);
  }
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
const SQLITE_FULL = 13;

export function storageError(cause: unknown): RelayError {
  const errcode = typeof cause === 'object' && cause !== null && 'errcode' in cause ? Number(cause.errcode) : 0;
  const text = cause instanceof Error ? cause.message : '';
  const isFull = (errcode & 0xff) === SQLITE_FULL || /database or disk is full/.test(text);
  return new RelayError(isFull ? 'storage_full' : 'storage_failed', undefined, cause);
}
