import type { Applied, Pause } from '../command.ts';
import type { Store } from '../store.ts';

export function applyPause(store: Store, { until }: Pause): Applied<Pause> {
  if (until === 0) store.write("DELETE FROM meta WHERE key = 'paused'");
  else store.write("REPLACE INTO meta (key, value) VALUES ('paused', ?)", String(until));
  return { outcome: undefined, effects: [{ kind: 'paused', until }] };
}
