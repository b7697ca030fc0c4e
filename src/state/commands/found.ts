import { type Applied, type Found, NO_EFFECTS } from '../command.ts';
import type { Store } from '../store.ts';

export function applyFound(store: Store, command: Found): Applied<Found> {
  store.write(
    "INSERT INTO meta (key, value) VALUES ('epoch', ?) ON CONFLICT DO UPDATE SET value = excluded.value",
    command.epoch,
  );
  return { outcome: undefined, effects: NO_EFFECTS };
}
