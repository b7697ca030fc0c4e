/**
 * What the relay itself has to say to a session: an envelope like any other, so that it is durable, delivered once and
 * answered for. Its sender has a name that no session can have.
 */
import type { ReceiptState } from '../protocol/receipt.ts';
import type { Effect } from './command.ts';
import { insertEnvelope } from './insert.ts';
import { type EnvelopeRow, isKnown, PRIORITY_NUMBER } from './queries/envelopes.ts';
import { outward, personOf } from './queries/people.ts';
import { nameOf, sessionById } from './queries/sessions.ts';
import { RELAY_CHANNEL } from './schema.ts';
import type { Store } from './store.ts';

export interface End {
  /** Who will not read it; the first few of them. */
  readonly sessions: readonly number[];
  /** How many there are. */
  readonly count: number;
  readonly state: Extract<ReceiptState, 'expired' | 'refused' | 'dead'>;
  readonly at: number;
  readonly reason?: string | undefined;
}

/** Names that are told one by one. */
const NAMED = 5;

/** Tells the sender that an envelope has ended unread; nothing for what the relay said itself. */
export function tellEnd(store: Store, row: EnvelopeRow, end: End): Effect[] {
  if (row.sender === RELAY_CHANNEL || !sessionById(store, row.sender)) return [];
  const notice = {
    id: freeId(store, `end-${row.position}-${end.sessions[0] ?? 0}`),
    sender: RELAY_CHANNEL,
    at: end.at,
    thread: row.thread,
    reply_to: row.id,
    priority: PRIORITY_NUMBER.normal,
    expires_at: null,
    body: sentence(store, row, end),
    extra: null,
    hash: '',
  };
  const position = insertEnvelope(store, notice, [row.sender]);
  return [{ kind: 'stored', position, sender: RELAY_CHANNEL, channels: [row.sender] }];
}

function sentence(store: Store, row: EnvelopeRow, end: End): string {
  const reader = personOf(store, row.sender);
  const names = end.sessions.slice(0, NAMED).map((session) => outward(store, reader, nameOf(store, session)));
  const more = end.count > names.length ? ` and ${end.count - names.length} more` : '';
  const why = end.reason === undefined ? '' : ` Reason: ${end.reason}`;
  return `Your message ${row.id} was ${WHAT[end.state]} ${names.join(', ')}${more}.${why}`;
}

const WHAT: Readonly<Record<End['state'], string>> = {
  expired: 'not read in time, and has expired, for',
  refused: 'refused by',
  dead: 'given up for',
};

/** Senders choose their ids: one of them may have chosen this. */
function freeId(store: Store, wanted: string): string {
  let id = wanted;
  for (let n = 2; isKnown(store, id); n++) id = `${wanted}-${n}`;
  return id;
}
