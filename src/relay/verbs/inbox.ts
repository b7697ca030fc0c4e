import { envelopeRow, toEnvelope } from '../../state/queries/envelopes.ts';
import { countUnhanded, unhandedMatching } from '../../state/queries/inbox.ts';
import { sessionById } from '../../state/queries/sessions.ts';
import { isIntact } from '../../state/sum.ts';
import { Page } from '../page.ts';
import { actorOf, type VerbHandler } from '../verb.ts';
import { filterOf } from './receive.ts';

const DEFAULT_COUNT = 20;

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
  const limit = isAll ? count : Number.MAX_SAFE_INTEGER;
  const positions = unhandedMatching(store, session, args.after ?? 0, limit, filter);
  const page = new Page(count);
  for (const position of positions.slice(0, count)) {
    const row = envelopeRow(store, position);
    if (row && !isIntact(row)) onDamaged(position);
    else if (row && !page.add(toEnvelope(store, row))) break;
  }
  const { messages } = page;
  const seen = messages.map(({ position }) => position);
  brakes.gave(session.id, seen);
  return { messages, more: (isAll ? unread : positions.length) - messages.length, unread };
};
