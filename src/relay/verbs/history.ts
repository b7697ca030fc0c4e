import { RelayError } from '../../protocol/codes.ts';
import type { Envelope } from '../../protocol/envelope.ts';
import type { Args, HistoryResult } from '../../protocol/verbs.ts';
import { followsAt, openChannels, roomChannel } from '../../state/queries/channels.ts';
import { type EnvelopeRow, envelopeRow, envelopeRowById, toEnvelope } from '../../state/queries/envelopes.ts';
import {
  type Find,
  type Found,
  type HistoryFilter,
  type HistoryPage,
  historyOf,
  history as look,
  maySeeRow,
} from '../../state/queries/history.ts';
import { sessionByAnyName } from '../../state/queries/sessions.ts';
import type { Store } from '../../state/store.ts';
import { isIntact } from '../../state/sum.ts';
import { Page } from '../page.ts';
import type { Services } from '../services.ts';
import { actorOf, type Call, type VerbHandler } from '../verb.ts';
import { isGone } from '../walks.ts';

const DEFAULT_COUNT = 20;

export const history: VerbHandler<'history'> = async (call, args) => {
  const { services } = call;
  const session = actorOf(call);
  if (args.id !== undefined) return one(services, session, args.id);
  const filter = filterOf(services.store, session, args);
  let range = {
    before: args.before ?? Number.MAX_SAFE_INTEGER,
    after: args.after ?? 0,
    count: args.count ?? DEFAULT_COUNT,
    ascending: args.after !== undefined && args.before === undefined,
  };
  for (;;) {
    const found = await find(call, session, filter, range, args.query);
    for (const position of found.damaged) services.onDamaged(position);
    const result = read(services, session, found, range.ascending);
    // Nobody could ask for what follows an empty page.
    if (result.messages.length > 0 || !result.more) return result;
    range = behind(range, found.positions);
  }
};

function find(call: Call, session: number, filter: HistoryFilter, range: HistoryPage, query?: string): Promise<Found> {
  const { store, walks } = call.services;
  if (query === undefined) return walks.run(look(store, session, filter, range), call.signal);
  return historyOf(store, session, filter, range, finder(call, session, filter, query));
}

function behind(range: HistoryPage, positions: readonly number[]): HistoryPage {
  return range.ascending
    ? { ...range, after: positions.at(-1) ?? range.after }
    : { ...range, before: positions[0] ?? range.before };
}

function finder({ services, signal }: Call, session: number, filter: HistoryFilter, query: string): Find {
  const { store, journal } = services;
  const channels = openChannels(store, session);
  const { room, with: other } = filter;
  const where = { ...(room === undefined ? {} : { room }), ...(other === undefined ? {} : { with: other }) };
  return async (range, limit) => {
    if (signal.aborted) throw isGone();
    return journal.search.find({ query, session, channels, ...where, ...range, limit });
  };
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

/**
 * Of what was found that which is still there and may still be seen, one after the other until the page is full of bytes: what does
 * not fit is on the next page, on the far side from where the range began.
 */
function read(services: Services, session: number, { positions, more }: Found, ascending: boolean): HistoryResult {
  const page = new Page(positions.length);
  const others: number[] = [];
  let isCut = false;
  for (const position of ascending ? positions : positions.toReversed()) {
    const row = envelopeRow(services.store, position);
    const envelope = row && intact(services, row);
    if (!envelope || !maySeeRow(services.store, row, session)) continue;
    isCut = !page.add(envelope);
    if (isCut) break;
    if (row.sender !== session) others.push(position);
  }
  services.brakes.gave(session, ascending ? others : others.reverse());
  return { messages: ascending ? page.messages : page.messages.reverse(), more: more || isCut };
}
