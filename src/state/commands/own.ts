import { checkName } from '../../protocol/address.ts';
import { type Applied, NO_EFFECTS, type Own } from '../command.ts';
import { OWNER } from '../schema.ts';
import type { Store } from '../store.ts';

/** Once: grants and other people's addresses hold the name. */
export function applyOwn(store: Store, command: Own): Applied<Own> {
  store.writeSummed(
    'person',
    'UPDATE person SET name = ?, created_at = ? WHERE id = ? AND created_at = 0',
    checkName(command.name),
    command.at,
    OWNER,
  );
  store.personNames.clear();
  return { outcome: undefined, effects: NO_EFFECTS };
}
