import { RelayError } from '../../protocol/codes.ts';
import { type Applied, NO_EFFECTS, type Rekey } from '../command.ts';
import { deviceById, deviceByProof } from '../queries/people.ts';
import type { Store } from '../store.ts';

/** The proof before is worth nothing any more. */
export function applyRekey(store: Store, command: Rekey): Applied<Rekey> {
  const device = deviceById(store, command.device);
  if (!device || device.revoked_at !== null) throw new RelayError('unknown_device');
  if (deviceByProof(store, command.proof)) throw new RelayError('id_conflict', 'That key is in use; make a new one.');
  store.writeSummed('device', 'UPDATE device SET proof = ? WHERE id = ?', command.proof, device.id);
  return { outcome: undefined, effects: NO_EFFECTS };
}
