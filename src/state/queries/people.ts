/** Whose a session is. */
import type { Store } from '../store.ts';

/** Until others can join, every session is its owner's. */
const OWNER = 'owner';

export function personOf(_store: Store, _session: number): string {
  return OWNER;
}

/** Is anybody here but the owner? */
export function hasOthers(_store: Store): boolean {
  return false;
}

export function isPerson(_store: Store, name: string): boolean {
  return name === OWNER;
}
