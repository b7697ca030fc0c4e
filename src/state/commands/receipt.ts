import type { Applied, Report } from '../command.ts';
import { moveReceipts } from '../ladder.ts';
import { type End, tellEnd } from '../notice.ts';
import { envelopeRow } from '../queries/envelopes.ts';
import type { Store } from '../store.ts';

/** Moves the receipts, and tells the sender of each that came to a bad end. */
export function applyReceipt(store: Store, command: Report): Applied<Report> {
  const moved = moveReceipts(store, command);
  const { state, session, at, reason } = command;
  if (state !== 'refused' && state !== 'dead') return { outcome: { changed: moved.length }, effects: moved };
  const end: End = { sessions: [session], count: 1, state, at, reason };
  const told = moved.flatMap((effect) => {
    if (effect.kind !== 'receipt') return [];
    const row = envelopeRow(store, effect.position);
    return row ? tellEnd(store, { ...row, sender: effect.sender }, end) : [];
  });
  return { outcome: { changed: moved.length }, effects: [...moved, ...told] };
}
