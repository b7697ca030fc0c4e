import { RelayError } from '../../protocol/codes.ts';
import { nameOf } from '../../state/queries/sessions.ts';
import { actorOf, type VerbHandler } from '../verb.ts';

/** Only who holds a name is present, and can say what it does: its connection, until that ends. */
export const presence: VerbHandler<'presence'> = (call, args) => {
  const session = actorOf(call);
  const { presence, store, now } = call.services;
  if (presence.holder(session) !== call.taker)
    throw new RelayError('bad_request', 'Only the connection that holds the name can say what it is doing.');
  const { for_ms, ...said } = args;
  const at = now();
  const since = said.doing === undefined ? {} : { doing_since: at - (for_ms ?? 0) };
  presence.attend(session, () => nameOf(store, session), { ...said, ...since }, at);
  return {};
};
