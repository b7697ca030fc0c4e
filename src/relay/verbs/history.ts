import { RelayError } from '../../protocol/codes.ts';
import type { Envelope } from '../../protocol/envelope.ts';
import type { Args, HistoryResult } from '../../protocol/verbs.ts';
import { followsAt, openChannels, roomChannel } from '../../state/queries/channels.ts';
import { type EnvelopeRow, envelopeRowById, toEnvelope } from '../../state/queries/envelopes.ts';
import { type Find, type HistoryFilter, historyOf, history as look, maySeeRow } from '../../state/queries/history.ts';
import { sessionByAnyName } from '../../state/queries/sessions.ts';
import type { Store } from '../../state/store.ts';
import { isIntact } from '../../state/sum.ts';
import type { Clock } from '../../util/clock.ts';
import { Page } from '../page.ts';
import type { Services } from '../services.ts';
import { actorOf, type VerbHandler } from '../verb.ts';

const DEFAULT_COUNT = 20;

export const history: VerbHandler<'history'> = async (call, args) => {
  const { services } = call;
  const { store } = services;
  const session = actorOf(call);
  if (args.id !== undefined) return one(services, session, args.id);
  const filter = filterOf(store, session, args);
  const range = {
    before: args.before ?? Number.MAX_SAFE_INTEGER,
    after: args.after ?? 0,
    count: args.count ?? DEFAULT_COUNT,
    ascending: args.after !== undefined && args.before === undefined,
  };
  const { rows, more } =
    args.query === undefined
      ? await unhurried(services.clock, look(store, session, filter, range))
      : await historyOf(store, session, filter, range, finder(services, session, filter, args.query));
  const result = fitted(
    rows.flatMap((row) => intact(services, row) ?? []),
    more,
    range.ascending,
  );
  const read = new Set(result.messages.map(({ position }) => position));
  const others = rows.filter((row) => read.has(row.position) && row.sender !== session);
  services.brakes.gave(
    session,
    others.map(({ position }) => position),
  );
  return result;
};

/** Others have their turn between two steps. */
async function unhurried<T>(clock: Clock, steps: Generator<undefined, T>): Promise<T> {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
    await new Promise<void>((resolve) => clock.soon(resolve));
  }
}

function finder({ store, journal }: Services, session: number, filter: HistoryFilter, query: string): Find {
  const channels = openChannels(store, session);
  const { room, with: other } = filter;
  const where = { ...(room === undefined ? {} : { room }), ...(other === undefined ? {} : { with: other }) };
  return (range, limit) => journal.search.find({ query, session, channels, ...where, ...range, limit });
}

function one(services: Services, session: number, id: string): HistoryResult {
  const { store } = services;
  const row = envelopeRowById(store, id);
  const envelope = row && intact(services, row);
  if (!row || !maySeeRow(store, row, session))
    throw new RelayError('unknown_message', `There is no message ${id} that you may see.`);
  if (row.sender !== session) services.brakes.gave(session, [row.position]);
  if (!envelope)
    throw new RelayError('unknown_message', `${id} was damaged on the disk of the relay and cannot be shown.`);
  return { messages: [envelope], more: false };
}

/** Undefined for what is not what was stored: it is reported, and passed over. */
function intact({ store, onDamaged }: Services, row: EnvelopeRow): Envelope | undefined {
  if (isIntact(row)) return toEnvelope(store, row);
  onDamaged(row.position);
  return undefined;
}

function filterOf(store: Store, session: number, args: Args<'history'>): HistoryFilter {
  const other = args.with === undefined ? undefined : sessionByAnyName(store, args.with);
  if (args.with !== undefined && !other)
    throw new RelayError('unknown_recipient', `Nobody called ${args.with} was ever here.`);
  const room = args.room === undefined ? undefined : roomChannel(store, args.room);
  if (args.room !== undefined && (room === undefined || !followsAt(store, session, room, Number.MAX_SAFE_INTEGER))) {
    throw new RelayError('not_member', `You are not in ${args.room}; join it to read it.`);
  }
  return {
    ...(other ? { with: other.id } : {}),
    ...(room === undefined ? {} : { room }),
    ...(args.thread === undefined ? {} : { thread: args.thread }),
    ...(args.incoming === undefined ? {} : { incoming: args.incoming }),
  };
}

/** Bounds an answer by bytes: what does not fit is on the next page, on the far side from where the range began. */
function fitted(messages: readonly Envelope[], more: boolean, ascending: boolean): HistoryResult {
  const page = new Page(messages.length);
  for (const message of ascending ? messages : messages.toReversed()) if (!page.add(message)) break;
  const kept = page.messages;
  return { messages: ascending ? kept : kept.reverse(), more: more || kept.length < messages.length };
}
