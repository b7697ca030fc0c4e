/** Every verb, once: its arguments (checked), its result, and whether it needs to know who acts. */
import { nameField, peerField, roomField } from './address.ts';
import type { Braked } from './brake.ts';
import { type Check, flag, type Infer, integer, list, oneOf, optional, shape, text } from './check.ts';
import { draftShape, type Envelope, idField, threadField } from './envelope.ts';
import type { HeldCount, HeldFor, HeldInfo } from './held.ts';
import { LIMITS } from './limits.ts';
import { REMARK, type Receipt, type ReceiptState, SAID_STATES } from './receipt.ts';
import { DOINGS, type Kind, type SessionInfo } from './session.ts';
import { STANCES } from './stance.ts';

const position = integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const count = integer({ min: 1, max: LIMITS.page });

export const VERBS = {
  /** Stores an envelope and answers after it is durable. */
  send: draftShape,
  /**
   * Takes the oldest unread envelopes that nobody else has taken. They stay unread until a `receipt` says otherwise;
   * with `receipt` here they are marked as they are answered (for scripts that trust the answer to arrive).
   */
  receive: shape({
    count: optional(count),
    from: optional(peerField),
    thread: optional(threadField),
    reply_to: optional(idField),
    wait_seconds: optional(integer({ min: 0, max: LIMITS.waitSeconds })),
    receipt: optional(oneOf(['handed', 'seen'])),
  }),
  /** Looks at unread mail, oldest first, after a position. Takes nothing, marks nothing. */
  inbox: shape({
    count: optional(count),
    after: optional(position),
    from: optional(peerField),
    thread: optional(threadField),
  }),
  /** Says how far envelopes of one's own inbox got, or with `unseen` why they have not. By position or id. */
  receipt: shape({
    state: oneOf([...SAID_STATES, REMARK]),
    positions: optional(list(position, { max: LIMITS.window * 4 })),
    ids: optional(list(idField, { max: LIMITS.window * 4 })),
    reason: optional(text({ max: LIMITS.reasonChars })),
  }),
  /** Asks how far one of one's own sends got; without `id`, the last sends in short. */
  receipts: shape({ id: optional(idField), count: optional(integer({ min: 1, max: 50 })) }),
  /** What one may see, newest page first found, each page oldest first. */
  history: shape({
    query: optional(text({ max: LIMITS.queryChars, min: 1 })),
    with: optional(peerField),
    room: optional(roomField),
    thread: optional(threadField),
    id: optional(idField),
    /** Only what came in, nothing that was sent. */
    incoming: optional(flag()),
    before: optional(position),
    after: optional(position),
    count: optional(count),
  }),
  /** What I am doing, and by which door I am woken. Replaces what was said before; lives as long as the connection. */
  presence: shape({
    doing: optional(oneOf(DOINGS)),
    /** Milliseconds since it began. */
    for_ms: optional(integer({ min: 0, max: Number.MAX_SAFE_INTEGER })),
    tool: optional(text({ max: LIMITS.programChars })),
    door: optional(text({ max: LIMITS.programChars })),
  }),
  /** Who is here now. */
  peers: shape({}),
  /** Everybody ever known, those here first, then the last seen. */
  sessions: shape({ count: optional(integer({ min: 1, max: LIMITS.sessionsPage })) }),
  /** Who am I, and how does the relay do? */
  status: shape({}),
  join: shape({ room: roomField }),
  leave: shape({ room: roomField }),
  /** All rooms, or one with its members. */
  rooms: shape({ room: optional(roomField) }),
  /** A new name for the actor; inbox, rooms and key move along, the old name still finds it. */
  rename: shape({ to: nameField }),
  /** What is held for the actor's person, oldest first: who sent it to whom and when, never what it says. */
  held: shape({ count: optional(count) }),
  /**
   * A person decides about what is held: `of` is the id of a message, a session or a person. With `always` also about
   * what is yet to come from that session or person. Holding is only for what is to come.
   */
  decide: shape({
    stance: oneOf(STANCES),
    of: text({ max: LIMITS.hostChars, min: 1 }),
    always: optional(flag()),
  }),
  /** Stops all messages until that time is over, or until `resume`; without a time until then. */
  pause: shape({
    for_seconds: optional(integer({ min: 1, max: LIMITS.pauseSeconds })),
    resume: optional(flag()),
  }),
} as const satisfies Record<string, Check<object>>;

export type Verb = keyof typeof VERBS;
export type Args<V extends Verb> = Infer<(typeof VERBS)[V]>;

/** Verbs that anybody with a credential may use without a name. */
export const NAMELESS: ReadonlySet<Verb> = new Set<Verb>(['peers', 'sessions', 'status', 'rooms']);

export function isVerb(value: string): value is Verb {
  return Object.hasOwn(VERBS, value);
}

/** Who one address reaches. */
export interface Reach {
  readonly address: string;
  readonly recipients: number;
  readonly here: number;
  /** At most 20 of the recipients that are not here. */
  readonly absent: readonly string[];
}

export interface SendResult {
  readonly id: string;
  readonly position: number;
  readonly at: number;
  readonly to: readonly Reach[];
  /** Recipients for whom it is held, at most 20. */
  readonly held?: readonly HeldFor[];
  readonly duplicate?: true;
}

export interface ReceiveResult {
  /** Oldest first. */
  readonly messages: readonly Envelope[];
  /** Unread envelopes of this filter that this answer does not hold. */
  readonly more: number;
}

export interface InboxResult extends ReceiveResult {
  readonly unread: number;
}

export interface ReceiptsResult {
  readonly id: string;
  readonly position: number;
  readonly at: number;
  readonly to: readonly string[];
  readonly recipients: readonly Receipt[];
  /** Recipients beyond the first 200. */
  readonly more: number;
}

export interface SentSummary {
  readonly id: string;
  readonly at: number;
  readonly to: readonly string[];
  /** The first 80 characters of the body. */
  readonly preview: string;
  /** How many recipients are in each state. */
  readonly states: Partial<Record<ReceiptState, number>>;
  /** Recipients that have not seen it, and why; at most 5. */
  readonly unseen?: readonly { readonly name: string; readonly reason: string }[];
}

export interface HistoryResult {
  /** Oldest first. */
  readonly messages: readonly Envelope[];
  /** There is more before the first (or, with `after`, past the last). */
  readonly more: boolean;
}

export interface RoomInfo {
  readonly room: string;
  readonly members: number;
  readonly here: number;
  readonly joined: boolean;
}

export interface StatusResult {
  readonly name?: string;
  readonly kind?: Kind;
  readonly unread: number;
  /** Messages to this name that ended before it was handed them, ever; absent means none. */
  readonly missed?: number;
  readonly rooms: readonly string[];
  readonly here: number;
  readonly sessions: number;
  readonly epoch: string;
  readonly position: number;
  readonly version: string;
  /** Milliseconds. */
  readonly uptime: number;
  /** Senders whose messages are held for the actor's person, at most 20, and how many they are. */
  readonly held?: readonly HeldCount[];
  /** Sessions of the actor's person that were braked within the last ten minutes. */
  readonly braked?: readonly Braked[];
  /** All messages are paused until then, milliseconds; 0: until a person ends it. */
  readonly paused_until?: number;
}

export interface Results {
  readonly send: SendResult;
  readonly receive: ReceiveResult;
  readonly inbox: InboxResult;
  readonly receipt: { readonly changed: number };
  readonly receipts: ReceiptsResult | { readonly sends: readonly SentSummary[] };
  readonly history: HistoryResult;
  readonly presence: Record<string, never>;
  readonly peers: { readonly peers: readonly SessionInfo[]; readonly more: number };
  readonly sessions: { readonly sessions: readonly SessionInfo[]; readonly more: number };
  readonly status: StatusResult;
  readonly join: { readonly room: string; readonly members: number };
  readonly leave: { readonly room: string };
  readonly rooms: {
    readonly rooms: readonly RoomInfo[];
    /** Of the one room that was asked for. */
    readonly members?: readonly SessionInfo[];
    /** Rooms, or members, beyond the first 500. */
    readonly more: number;
  };
  readonly rename: { readonly name: string; readonly was: string };
  readonly held: {
    readonly held: readonly HeldInfo[];
    /** Held ones beyond these. */
    readonly more: number;
  };
  readonly decide: {
    /** Messages that were accepted or refused. */
    readonly changed: number;
    /** What is to come from that session or person is treated so from now on. */
    readonly always: boolean;
  };
  readonly pause: {
    /** Milliseconds; 0: until a person ends it. Absent: not paused. */
    readonly until?: number;
  };
}
