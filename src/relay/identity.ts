/** Who is on the other side of a connection or a request: what its credential proves, and nothing that it says. */
import type { Grant } from '../protocol/grant.ts';
import { deviceById, personById } from '../state/queries/people.ts';
import { OWNER } from '../state/schema.ts';
import type { Store } from '../state/store.ts';

export interface Identity {
  readonly person: number;
  /** Absent: who may read the relay's own token, on its own machine. */
  readonly device?: string;
}

export const THE_OWNER: Identity = { person: OWNER };

/** Is that device still worth something? */
export function isGood(store: Store, { device, person }: Identity, at: number): boolean {
  if (device === undefined) return true;
  const row = deviceById(store, device);
  const isOver = !row || row.revoked_at !== null || (row.expires_at !== null && row.expires_at <= at);
  return !isOver && row.person === person && personById(store, person)?.revoked_at === null;
}

/** What somebody who comes to the owner may, where nothing else was said. */
export function usualGrants(store: Store): Grant[] {
  return [{ may: 'send', what: `@${personById(store, OWNER)?.name}` }];
}
