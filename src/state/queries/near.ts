/** Names that somebody may have meant. */
import { near } from '../../util/near.ts';
import type { Store } from '../store.ts';

const CANDIDATES = 1000;

/** At most three known names that differ from `name` by case or by few letters, the nearest first. */
export function nearNames(store: Store, name: string): string[] {
  const sql =
    'SELECT channel.name FROM session JOIN channel ON channel.id = session.id ORDER BY session.last_seen DESC, session.id LIMIT ?';
  return near(
    name,
    store.all<{ name: string }>(sql, CANDIDATES).map((row) => row.name),
  );
}
