import { RelayError } from '../../protocol/codes.ts';
import type { Args, ReceiveResult } from '../../protocol/verbs.ts';
import type { InboxFilter } from '../../state/queries/inbox.ts';
import { sessionByAnyName } from '../../state/queries/sessions.ts';
import type { Store } from '../../state/store.ts';
import { actorOf, type Call, type VerbHandler } from '../verb.ts';

const DEFAULT_COUNT = 20;

/**
 * Takes, and waits for something to take when asked to. What is taken is claimed by the caller until a receipt; whoever gets an
 * error in its place has taken nothing.
 */
export const receive: VerbHandler<'receive'> = async (call, args) => {
  const { services } = call;
  const session = actorOf(call);
  const filter = filterOf(services.store, args);
  const count = args.count ?? DEFAULT_COUNT;
  // Asked for each time: while nobody holds anything, the pump may be forgotten and made anew.
  const take = () => services.pumps.of(session).take(call.taker, { count, filter });
  if (call.signal.aborted) return { messages: [], more: services.pumps.of(session).remaining(filter) };
  let messages = take();
  if (messages.length === 0 && args.wait_seconds) {
    await arrival(call, session, args.wait_seconds * 1000, () => {
      messages = take();
      return messages.length > 0;
    });
  }
  try {
    const result: ReceiveResult = { messages, more: services.pumps.of(session).remaining(filter) };
    await services.pumps.of(session).remember(messages);
    // Who is gone meanwhile gets no answer: what it has not got is not to be called read.
    if (args.receipt && messages.length > 0 && !call.signal.aborted) await mark(call, session, args.receipt, result);
    return result;
  } catch (error) {
    services.pumps.of(session).giveBack(call.taker, messages);
    throw error;
  }
};

/** Filter of `receive` and `inbox`; throws `unknown_recipient` for a sender that nobody knows. */
export function filterOf(store: Store, args: Pick<Args<'receive'>, 'from' | 'thread' | 'reply_to'>): InboxFilter {
  const sender = args.from === undefined ? undefined : sessionByAnyName(store, args.from);
  if (args.from !== undefined && !sender)
    throw new RelayError('unknown_recipient', `Nobody called ${args.from} was ever here.`);
  return {
    ...(sender ? { sender: sender.id } : {}),
    ...(args.thread === undefined ? {} : { thread: args.thread }),
    ...(args.reply_to === undefined ? {} : { reply_to: args.reply_to }),
  };
}

/** Ends when `took` says so, when the time is over, or when the caller is gone; rejects with what `took` throws. */
function arrival(call: Call, session: number, ms: number, took: () => boolean): Promise<void> {
  const { hub, clock } = call.services;
  return new Promise((resolve, reject) => {
    const end = () => {
      stop();
      timer.cancel();
      call.signal.removeEventListener('abort', end);
      resolve();
    };
    const onMail = () => {
      try {
        if (!call.signal.aborted && took()) end();
      } catch (error) {
        // The caller's, and not of whoever has just sent, or gone.
        reject(error);
        end();
      }
    };
    const stop = hub.listen(session, { takes: true, onMail });
    const timer = clock.after(ms, end);
    if (call.signal.aborted) end();
    else call.signal.addEventListener('abort', end, { once: true });
  });
}

async function mark(call: Call, session: number, state: 'handed' | 'seen', result: ReceiveResult): Promise<void> {
  const { journal, now, pumps } = call.services;
  const positions = result.messages.map((message) => message.position);
  await pumps.of(session).settling(positions, journal.post({ type: 'receipt', at: now(), session, state, positions }));
}
