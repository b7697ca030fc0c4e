/**
 * In place of what `src/state/queries/people.ts` says of names: whose name begins with `BOB` is bob's, and so on; all
 * others are the owner's. For `vi.mock` in a test that has a process of its own.
 */
import type { Store } from '../../src/state/store.ts';

const OTHERS: Readonly<Record<string, string>> = { BOB: 'bob', EVE: 'eve' };

export function personNameOf(store: Store, session: number): string {
  return OTHERS[store.roster.nameOf(session).slice(0, 3)] ?? 'owner';
}

export function hasOthers(): boolean {
  return true;
}

export function isPerson(_store: Store, name: string): boolean {
  return name === 'owner' || Object.values(OTHERS).includes(name);
}
