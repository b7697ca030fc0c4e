import { RelayError } from '../../protocol/codes.ts';
import { REMARK } from '../../protocol/receipt.ts';
import { envelopeRowById } from '../../state/queries/envelopes.ts';
import { actorOf, type VerbHandler } from '../verb.ts';

/** Answered when it is written, which may be a little later than a send would be: nobody should wait for it. */
export const receipt: VerbHandler<'receipt'> = async (call, args) => {
  const { journal, store, now, pumps } = call.services;
  const session = actorOf(call);
  if (!args.positions && !args.ids)
    throw new RelayError('bad_request', 'positions or ids is missing: say which messages.');
  const byId = (args.ids ?? []).flatMap((id) => envelopeRowById(store, id)?.position ?? []);
  const positions = [...(args.positions ?? []), ...byId];
  if (args.state === REMARK) {
    const reason = args.reason ?? 'not said';
    return (await journal.post({ type: 'remark', at: now(), session, positions, reason })).outcome;
  }
  const report = {
    type: 'receipt',
    at: now(),
    session,
    state: args.state,
    positions,
    ...(args.reason === undefined ? {} : { reason: args.reason }),
  } as const;
  const { outcome } = await pumps.of(session).settling(positions, journal.post(report));
  return outcome;
};
