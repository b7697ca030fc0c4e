import { actorOf, type VerbHandler } from '../verb.ts';

export const rename: VerbHandler<'rename'> = async (call, { to }) => {
  const { outcome } = await call.services.journal.submit({ type: 'rename', session: actorOf(call), to });
  return { name: to, was: outcome.was };
};
