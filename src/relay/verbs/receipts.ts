import { RelayError } from '../../protocol/codes.ts';
import type { SentSummary } from '../../protocol/verbs.ts';
import { type EnvelopeRow, recentSends, type Trace, traceById } from '../../state/queries/envelopes.ts';
import { countStates, recipientsOf, unseenBy } from '../../state/queries/receipts.ts';
import { nameOf } from '../../state/queries/sessions.ts';
import type { Store } from '../../state/store.ts';
import { isIntact } from '../../state/sum.ts';
import { actorOf, type VerbHandler } from '../verb.ts';

const RECIPIENTS = 200;
const PREVIEW = 80;
/** Named in the short form. */
const UNSEEN = 5;

/** What became of one's own sends. Other people's are as unknown as ones that never were. */
export const receipts: VerbHandler<'receipts'> = (call, args) => {
  const { store } = call.services;
  const sender = actorOf(call);
  if (args.id === undefined)
    return { sends: recentSends(store, sender, args.count ?? 5).map((row) => summary(store, row)) };
  const row = traceById(store, args.id);
  if (row?.sender !== sender) throw new RelayError('unknown_message', `You have sent nothing with the id ${args.id}.`);
  return {
    id: row.id,
    position: row.position,
    at: row.at,
    to: addresses(store, row),
    ...recipientsOf(store, row, RECIPIENTS),
  };
};

function summary(store: Store, row: EnvelopeRow): SentSummary {
  const unseen = unseenBy(store, row, UNSEEN);
  return {
    id: row.id,
    at: row.at,
    to: addresses(store, row),
    preview: isIntact(row) ? row.body.slice(0, PREVIEW) : '',
    states: countStates(store, row),
    ...(unseen.length === 0 ? {} : { unseen }),
  };
}

function addresses(store: Store, row: Trace): string[] {
  return row.channels.map((channel) => nameOf(store, channel));
}
