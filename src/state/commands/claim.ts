import { type Applied, type Claim, NO_EFFECTS } from '../command.ts';
import { sessionById } from '../queries/sessions.ts';
import type { Store } from '../store.ts';

/** Counts one more try for each position. A receipt takes them off again (`ladder.ts`). */
export function applyClaim(store: Store, command: Claim): Applied<Claim> {
  const session = sessionById(store, command.session);
  if (session) {
    const claims = new Map(session.claims);
    for (const position of command.positions) claims.set(position, (claims.get(position) ?? 0) + 1);
    store.roster.change(session, { claims });
  }
  return { outcome: undefined, effects: NO_EFFECTS };
}
