/**
 * The one place that says what a person may. Before a verb acts, its arguments are put into the owner's words, and what
 * is not granted is refused as what is not there: the answer is the same whether it exists or not. What the verb answers
 * is put into the person's own words.
 */
import { RelayError } from '../protocol/codes.ts';
import type { Draft } from '../protocol/envelope.ts';
import type { Args, Results, SentSummary, Verb } from '../protocol/verbs.ts';
import { followsAt, openChannels } from '../state/queries/channels.ts';
import { traceById } from '../state/queries/envelopes.ts';
import { mayAdminister, mayRead, mayTellAll, mayWriteTo } from '../state/queries/grants.ts';
import { isPerson } from '../state/queries/people.ts';
import { nameOf, sessionByAnyName } from '../state/queries/sessions.ts';
import { actorOf, type Call } from './verb.ts';

type Permit<V extends Verb> = (call: Call, args: Args<V>) => Args<V>;

const PERMITS: { readonly [V in Verb]?: Permit<V> } = {
  send(call, draft) {
    if (call.view.isOwner && !draft.to?.some(isOfSomebody)) return draft;
    const to = draft.to?.map((said) => writable(call, said, draft.reply_to));
    if (to === undefined) mayAnswer(call, draft);
    return to === undefined ? draft : { ...draft, to };
  },
  receive: (call, args) => (args.from === undefined ? args : { ...args, from: visible(call, args.from) }),
  inbox: (call, args) => (args.from === undefined ? args : { ...args, from: visible(call, args.from) }),
  history(call, args) {
    if (args.room !== undefined) readable(call, args.room);
    return args.with === undefined ? args : { ...args, with: visible(call, args.with) };
  },
  join: (call, args) => readable(call, args.room) && args,
  leave: (call, args) => readable(call, args.room) && args,
  rooms: (call, args) => (args.room === undefined ? args : readable(call, args.room) && args),
  rename: ({ view }, args) => ({ to: view.inward(args.to) }),
  decide(call, args) {
    const { store } = call.services;
    const isKnownAs = traceById(store, args.of) !== undefined || isPerson(store, args.of);
    return isKnownAs ? args : { ...args, of: call.view.inward(args.of) };
  },
  pause(call, args) {
    if (mayAdminister(call.services.store, call.view.person)) return args;
    // To others it is as if there was nothing.
    throw new RelayError('unknown_verb');
  },
};

type Word<V extends Verb> = (call: Call, result: Results[V]) => Results[V];

const WORDS: { readonly [V in Verb]?: Word<V> } = {
  send(call, result) {
    const to = result.to.map(({ address, absent, ...counts }) => ({
      address: call.view.outward(address),
      ...counts,
      absent: known(call, absent),
    }));
    const held = result.held?.filter(({ name }) => isKnown(call, name));
    const named = held?.map((each) => ({ ...each, name: call.view.outward(each.name) }));
    const { held: _held, ...rest } = result;
    return { ...rest, to, ...(named && named.length > 0 ? { held: named } : {}) };
  },
  receive: ({ view }, result) => ({ ...result, messages: result.messages.map((each) => view.envelope(each)) }),
  inbox: ({ view }, result) => ({ ...result, messages: result.messages.map((each) => view.envelope(each)) }),
  history: ({ view }, result) => ({ ...result, messages: result.messages.map((each) => view.envelope(each)) }),
  receipts(call, result) {
    const { view } = call;
    if ('sends' in result) return { sends: result.sends.map((sent) => summaryFor(call, sent)) };
    const recipients = result.recipients.filter(({ name }) => isKnown(call, name));
    const worded = recipients.map((receipt) => ({ ...receipt, name: view.outward(receipt.name) }));
    return { ...result, to: result.to.map((name) => view.outward(name)), recipients: worded };
  },
  status({ view }, { name, held, braked, ...result }) {
    const outward = <T extends { readonly name: string }>(each: T): T => ({ ...each, name: view.outward(each.name) });
    return {
      ...result,
      ...(name === undefined ? {} : { name: view.outward(name) }),
      ...(held === undefined ? {} : { held: held.map((each) => ({ ...each, from: view.outward(each.from) })) }),
      ...(braked === undefined ? {} : { braked: braked.map(outward) }),
    };
  },
  held: ({ view }, { held, more }) => ({
    held: held.map((each) => ({ ...each, from: view.outward(each.from), to: view.outward(each.to) })),
    more,
  }),
  rename: ({ view }, { name, was }) => ({ name: view.outward(name), was: view.outward(was) }),
};

/** The arguments in the owner's words. Throws what the verb would throw for what is not there. */
export function permitted<V extends Verb>(call: Call, verb: V, args: Args<V>): Args<V> {
  const permit: Permit<V> | undefined = PERMITS[verb];
  return permit?.(call, args) ?? args;
}

/** The answer in the person's own words. */
export function worded<V extends Verb>(call: Call, verb: V, result: Results[V]): Results[V] {
  const word: Word<V> | undefined = call.view.isOwner ? undefined : WORDS[verb];
  return word?.(call, result) ?? result;
}

function writable(call: Call, said: string, answers: string | undefined): string {
  const { view, services } = call;
  const address = view.inward(said);
  if (view.isOwner) return address;
  if (address === 'all' || address.startsWith('#')) {
    if (mayTellAll(services.store, view.person, address)) return address;
    throw address === 'all' ? nobody(said) : noRoom(said);
  }
  const row = sessionByAnyName(services.store, address);
  if (row && (mayWriteTo(services.store, view.person, row) || wrote(call, row.id, answers))) return address;
  throw nobody(said);
}

/** Who wrote to somebody may be answered. */
function wrote(call: Call, sender: number, answers: string | undefined): boolean {
  const { store } = call.services;
  const row = answers === undefined ? undefined : traceById(store, answers);
  if (row?.sender !== sender) return false;
  return row.channels.some((channel) => followsAt(store, actorOf(call), channel, row.position));
}

/** Without an address it goes to who wrote, or to the room that it came through: there only who may speak there. */
function mayAnswer(call: Call, { reply_to }: Draft): void {
  const { view, services } = call;
  const row = view.isOwner || reply_to === undefined ? undefined : traceById(services.store, reply_to);
  if (!row) return;
  const actor = actorOf(call);
  const open = openChannels(services.store, actor);
  const through = row.sender === actor ? row.channels[0] : row.channels.find((channel) => open.includes(channel));
  if (through === undefined || through === actor) return;
  writable(call, view.outward(nameOf(services.store, through)), undefined);
}

function visible(call: Call, said: string): string {
  const { view, services } = call;
  const name = view.inward(said);
  if (view.isOwner) return name;
  const row = sessionByAnyName(services.store, name);
  if (!row || !view.sees(row)) throw nobody(said);
  return name;
}

function readable({ view, services }: Call, room: string): true {
  if (mayRead(services.store, view.person, room)) return true;
  throw noRoom(room);
}

function summaryFor(call: Call, sent: SentSummary): SentSummary {
  const { unseen, ...rest } = sent;
  const told = unseen?.filter(({ name }) => isKnown(call, name)) ?? [];
  return {
    ...rest,
    to: sent.to.map((name) => call.view.outward(name)),
    ...(told.length > 0 ? { unseen: told.map((each) => ({ ...each, name: call.view.outward(each.name) })) } : {}),
  };
}

const isOfSomebody = (said: string): boolean => said.includes('@');

function known(call: Call, names: readonly string[]): string[] {
  return names.filter((name) => isKnown(call, name)).map((name) => call.view.outward(name));
}

function isKnown({ services, view }: Call, name: string): boolean {
  const row = sessionByAnyName(services.store, name);
  return row !== undefined && view.sees(row);
}

function nobody(said: string): RelayError {
  return new RelayError(
    'unknown_recipient',
    `There is nobody called ${said} whom you may reach; see who is with peers.`,
  );
}

function noRoom(room: string): RelayError {
  return new RelayError('unknown_room', `There is no room ${room} that you may use; ask whoever runs the relay.`);
}
