import { envelopeRow, toEnvelope } from '../../state/queries/envelopes.ts';
import { countUnhanded, unhandedMatching } from '../../state/queries/inbox.ts';
import { type SessionRow, sessionById } from '../../state/queries/sessions.ts';
import type { Store } from '../../state/store.ts';
import { isIntact } from '../../state/sum.ts';
import { Page } from '../page.ts';
import { actorOf, type VerbHandler } from '../verb.ts';
import { filterOf } from './receive.ts';

const DEFAULT_COUNT = 20;
/** Read at a time when the first were not enough. */
const MORE = 256;

/** Looks. Nothing is taken, nothing is marked. */
export const inbox: VerbHandler<'inbox'> = (call, args) => {
  const { store, onDamaged, brakes } = call.services;
  const session = sessionById(store, actorOf(call));
  if (!session) return { messages: [], more: 0, unread: 0 };
  const count = args.count ?? DEFAULT_COUNT;
  const filter = filterOf(store, args);
  const unread = countUnhanded(store, session);
  // All of it is counted already.
  const isAll = args.after === undefined && Object.keys(filter).length === 0;
  const fitting = isAll
    ? undefined
    : unhandedMatching(store, session, args.after ?? 0, Number.MAX_SAFE_INTEGER, filter);
  const page = new Page(count);
  let passed = 0;
  for (const position of fitting ?? oldest(store, session, count)) {
    if (page.isFull) break;
    const row = envelopeRow(store, position);
    const isDamaged = row !== undefined && !isIntact(row);
    if (isDamaged) onDamaged(position);
    else if (row && !page.add(toEnvelope(store, row))) break;
    passed += 1;
  }
  const { messages } = page;
  const seen = messages.map(({ position }) => position);
  brakes.gave(session.id, seen);
  return { messages, more: (fitting?.length ?? unread) - passed, unread };
};

/** Of all that is unread. What is damaged takes nobody's place, so there may be need of more than a page. */
function* oldest(store: Store, session: SessionRow, count: number): Generator<number> {
  for (let [after, limit] = [0, count]; ; limit = MORE) {
    const positions = unhandedMatching(store, session, after, limit, {});
    yield* positions;
    const last = positions.at(-1);
    if (last === undefined || positions.length < limit) return;
    after = last;
  }
}
