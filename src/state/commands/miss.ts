import { type Applied, type Miss, NO_EFFECTS } from '../command.ts';
import type { Store } from '../store.ts';

/** Counts; past the limit nobody can come by it any more (`queries/invitations.ts`). */
export function applyMiss(store: Store, command: Miss): Applied<Miss> {
  store.writeSummed('invitation', 'UPDATE invitation SET failures = failures + 1 WHERE id = ?', command.invitation);
  return { outcome: undefined, effects: NO_EFFECTS };
}
