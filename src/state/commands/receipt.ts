import type { Applied, Report } from '../command.ts';
import { moveReceipts } from '../ladder.ts';
import type { Store } from '../store.ts';

export function applyReceipt(store: Store, command: Report): Applied<Report> {
  const effects = moveReceipts(store, command);
  return { outcome: { changed: effects.length }, effects };
}
