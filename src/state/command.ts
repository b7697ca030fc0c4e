/**
 * Every change to the state, as data. Ids, keys and times travel in the command, so that the same commands in the same
 * order give the same tables anywhere. A command is refused by a RelayError before it has written anything.
 */
import type { Priority } from '../protocol/envelope.ts';
import type { Grant } from '../protocol/grant.ts';
import type { HeldWhy } from '../protocol/held.ts';
import type { ReceiptState } from '../protocol/receipt.ts';
import type { About } from '../protocol/session.ts';
import type { Stance } from '../protocol/stance.ts';

/** The first command of a new history. */
export interface Found {
  readonly type: 'found';
  readonly epoch: string;
}

/** A session comes: made if its name is new, else recognised by its key. */
export interface Enter {
  readonly type: 'enter';
  readonly at: number;
  /** As the owner calls it: a name, for other people's sessions with `@person`. */
  readonly name: string;
  /** Whose session it is; absent: the owner's. */
  readonly person?: number;
  /** The device that proved it; absent: the owner's own machine. */
  readonly device?: string;
  /** Digest of the key that was presented. */
  readonly key?: string;
  /** Digest of a key to give when the session has none yet; without it a new session stays keyless. */
  readonly grant?: string;
  readonly about: About;
}
export interface Entered {
  readonly session: number;
  /** May differ from what was asked for: an old name finds its session under the new one. */
  readonly name: string;
  readonly created: boolean;
  /** `grant` was taken. */
  readonly granted: boolean;
}

export interface Depart {
  readonly type: 'depart';
  readonly at: number;
  readonly session: number;
}

export interface Send {
  readonly type: 'send';
  readonly at: number;
  readonly id: string;
  readonly sender: number;
  /** Empty only with `reply_to`. */
  readonly to: readonly string[];
  readonly body: string;
  readonly priority: Priority;
  readonly thread?: string;
  readonly reply_to?: string;
  readonly expires_at?: number;
  /** JSON of what is carried and not looked at: attachments, signature, key id. */
  readonly extra?: string;
  /** A brake holds it, for whoever would get it otherwise. */
  readonly hold?: HeldWhy;
  /** Of everything that the sender said, without the id: tells a repeated send from a reused id. */
  readonly hash: string;
}
export interface Sent {
  readonly position: number;
  readonly at: number;
  readonly channels: readonly number[];
  /** Recipients for whom it waits. */
  readonly held: readonly Held[];
  readonly duplicate: boolean;
}
export interface Held {
  readonly session: number;
  readonly why: HeldWhy;
}

/**
 * A person decides: about one message that is held for them (`id`), or all of a session or a person, and with `always`
 * about what is yet to come of these.
 */
export interface Decide {
  readonly type: 'decide';
  readonly at: number;
  readonly person: string;
  readonly stance: Stance;
  /** The id of a message, the name of a session, a person. */
  readonly of: string;
  readonly always: boolean;
}
export interface Decided {
  readonly changed: number;
  readonly always: boolean;
}

/** Nothing is sent and nothing is given out until then; 0: it goes on. */
export interface Pause {
  readonly type: 'pause';
  readonly until: number;
}

export interface Report {
  readonly type: 'receipt';
  readonly at: number;
  readonly session: number;
  readonly state: ReceiptState;
  readonly positions: readonly number[];
  readonly reason?: string;
}
export interface Reported {
  readonly changed: number;
}

/** The recipient's side says why these have not been seen yet. Moves nothing. */
export interface Remark {
  readonly type: 'remark';
  readonly at: number;
  readonly session: number;
  readonly positions: readonly number[];
  readonly reason: string;
}

/** These were given out. Not yet handed when their taker goes, they are given again, marked. */
export interface Claim {
  readonly type: 'claim';
  readonly session: number;
  readonly positions: readonly number[];
}

export interface Join {
  readonly type: 'join';
  readonly session: number;
  readonly room: string;
}
export interface Leave {
  readonly type: 'leave';
  readonly session: number;
  readonly room: string;
}

export interface Rename {
  readonly type: 'rename';
  readonly session: number;
  readonly to: string;
}
export interface Renamed {
  readonly was: string;
}

/** Ends what outlived its time, some hundred receipts at once. */
export interface Expire {
  readonly type: 'expire';
  /** What was to live until then is over. */
  readonly at: number;
  /** What was stored until then and is still unread is over, too. */
  readonly stored?: number;
}
export interface Expired {
  /** There may be more to end. */
  readonly more: boolean;
}

/** Forgets the words of these, but for those that somebody has yet to read. */
export interface Prune {
  readonly type: 'prune';
  readonly positions: readonly number[];
}
export interface Pruned {
  readonly pruned: number;
}

/** The owner is called so from now on; only while nobody said so before. */
export interface Own {
  readonly type: 'own';
  readonly at: number;
  readonly name: string;
}

/** Somebody may come with a device, once, until it is over. */
export interface Invite {
  readonly type: 'invite';
  readonly at: number;
  readonly id: string;
  /** Public key of the invitation: who has its secret can sign for it. */
  readonly key: string;
  /** Whose device it will be: somebody who is known, or a new person of that name. Absent: whoever comes says a name. */
  readonly person?: string;
  /** What a new person may. */
  readonly grants: readonly Grant[];
  readonly expires_at: number;
}

/** Somebody came with the secret of an invitation: a device, and a person if there is none yet. */
export interface Redeem {
  readonly type: 'redeem';
  readonly at: number;
  readonly invitation: string;
  readonly device: NewDevice;
  /** Wanted; the invitation's own goes before it, and one that is taken gets a number. */
  readonly person: string;
}
export interface Redeemed {
  readonly person: number;
  readonly name: string;
}

/** Somebody came to an invitation without its secret. */
export interface Miss {
  readonly type: 'miss';
  readonly invitation: string;
}

interface NewDevice {
  readonly id: string;
  /** As people call it. */
  readonly name: string;
  readonly kind: 'key' | 'token';
  /** The public key, or the digest of the token. */
  readonly proof: string;
  readonly expires_at?: number;
}

/** A device of somebody who is known. */
export interface Admit {
  readonly type: 'admit';
  readonly at: number;
  readonly person: number;
  readonly device: NewDevice;
}

/** Another proof for a device. */
export interface Rekey {
  readonly type: 'rekey';
  readonly device: string;
  readonly proof: string;
}

export interface Allow {
  readonly type: 'grant';
  readonly person: number;
  readonly add: readonly Grant[];
  readonly remove: readonly Grant[];
}

/** From now on that person, device or invitation is worth nothing. A person's grants are gone. */
export interface Revoke {
  readonly type: 'revoke';
  readonly at: number;
  readonly person?: number;
  readonly device?: string;
  readonly invitation?: string;
}

export type Command =
  | Found
  | Enter
  | Depart
  | Send
  | Report
  | Remark
  | Claim
  | Join
  | Leave
  | Rename
  | Expire
  | Prune
  | Own
  | Invite
  | Redeem
  | Miss
  | Admit
  | Rekey
  | Allow
  | Revoke
  | Decide
  | Pause;

export interface Outcomes {
  readonly found: undefined;
  readonly enter: Entered;
  readonly depart: undefined;
  readonly send: Sent;
  readonly receipt: Reported;
  readonly remark: Reported;
  readonly claim: undefined;
  readonly join: undefined;
  readonly leave: undefined;
  readonly rename: Renamed;
  readonly expire: Expired;
  readonly prune: Pruned;
  readonly own: undefined;
  readonly invite: undefined;
  readonly redeem: Redeemed;
  readonly miss: undefined;
  readonly admit: undefined;
  readonly rekey: undefined;
  readonly grant: undefined;
  readonly revoke: undefined;
  readonly decide: Decided;
  readonly pause: undefined;
}
export type Outcome<C extends Command> = Outcomes[C['type']];

/** What a command means to those who listen; told after it is durable. */
export type Effect =
  | {
      readonly kind: 'stored';
      readonly position: number;
      readonly sender: number;
      readonly channels: readonly number[];
    }
  | {
      readonly kind: 'receipt';
      readonly session: number;
      readonly position: number;
      readonly sender: number;
      readonly id: string;
      readonly name: string;
      readonly state: ReceiptState;
      readonly at: number;
      readonly reason?: string;
      /** It did not move: why it has not been seen yet. */
      readonly unseen?: string;
    }
  | { readonly kind: 'followed'; readonly session: number; readonly channel: number; readonly on: boolean }
  /** Something more waits for that person. */
  | { readonly kind: 'held'; readonly person: string }
  | { readonly kind: 'paused'; readonly until: number }
  | { readonly kind: 'renamed'; readonly session: number; readonly was: string; readonly name: string }
  /** Of a person all devices, or that one, are worth nothing any more. */
  | { readonly kind: 'revoked'; readonly person: number; readonly device?: string };

export interface Applied<C extends Command = Command> {
  readonly outcome: Outcome<C>;
  readonly effects: readonly Effect[];
}

export const NO_EFFECTS: readonly Effect[] = [];
