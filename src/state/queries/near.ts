/** Names that somebody may have meant. */
import type { Store } from '../store.ts';

const CANDIDATES = 1000;

/** At most three known names that differ from `name` by case or by few letters, the nearest first. */
export function nearNames(store: Store, name: string): string[] {
  const sql =
    'SELECT channel.name FROM session JOIN channel ON channel.id = session.id ORDER BY session.last_seen DESC, session.id LIMIT ?';
  const wanted = name.toLowerCase();
  const allowed = Math.max(1, Math.floor(name.length / 3));
  return store
    .all<{ name: string }>(sql, CANDIDATES)
    .map((row) => ({ name: row.name, distance: distance(wanted, row.name.toLowerCase()) }))
    .filter((near) => near.distance <= allowed)
    .sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
    .slice(0, 3)
    .map((near) => near.name);
}

/** Levenshtein's, one row at a time. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
