import { awaitsNotice } from '../../protocol/receipt.ts';
import type { Applied, Effect, Remark } from '../command.ts';
import { Into } from '../into.ts';
import { effectOf, stepsOf } from '../ladder.ts';
import { sessionById } from '../queries/sessions.ts';
import type { Store } from '../store.ts';

export const REMARK = new Into('REPLACE', 'remark', ['position', 'session', 'at', 'reason']);

/** Writes the remark down for those that are stored or handed; what is seen, or has ended, needs none. */
export function applyRemark(store: Store, command: Remark): Applied<Remark> {
  const session = sessionById(store, command.session);
  const found = session ? stepsOf(store, session, command.positions) : [];
  const steps = found.filter(({ from, isHeld }) => awaitsNotice(from) && !isHeld);
  const effects: Effect[] = [];
  for (const { row, from } of steps) {
    store.gather(REMARK).push(row.position, command.session, command.at, command.reason);
    if (session) effects.push({ ...effectOf(session, row, from, command.at), unseen: command.reason });
  }
  return { outcome: { changed: effects.length }, effects };
}
