/**
 * Every frame, once. JSON text over WebSocket, subprotocol `claude-relay.v1`; the tag is `type`.
 * → client to relay, ← relay to client.
 */
import { nameField } from './address.ts';
import type { Brake } from './brake.ts';
import { anything, type Check, flag, type Infer, integer, oneOf, optional, shape, text } from './check.ts';
import type { Code } from './codes.ts';
import { type Envelope, idField } from './envelope.ts';
import type { HeldCount } from './held.ts';
import { LIMITS } from './limits.ts';
import type { ReceiptState } from './receipt.ts';
import { type Attention, aboutShape, type Kind } from './session.ts';

export const SUBPROTOCOL = 'claude-relay.v1';
export const PROTOCOL_VERSION = 1;

const tag = <T extends string>(name: T): Check<T> => oneOf([name] as const) as Check<T>;

/** → The first frame: who I would like to be, and how I take my mail. Answered by `welcome` or a fatal `error`. */
export const helloShape = shape({
  type: tag('hello'),
  v: integer({ min: 0, max: 1_000_000 }),
  /** Without a name only verbs that need no actor work. */
  name: optional(nameField),
  /** The resume key of that name, from an earlier `welcome`. */
  key: optional(text({ max: 128 })),
  /** Random, one per process life: the same instance coming back is seated at once. */
  instance: idField,
  /** Hold the name (be present, get its mail). False: act as it without being here. */
  seat: flag(),
  /** Envelopes that may be pushed without a receipt; 0 or absent: only `more`, and I pull. */
  window: optional(integer({ min: 0, max: LIMITS.window })),
  /** Push `presence` deltas to me. */
  presence: optional(flag()),
  /** Push `receipt` frames for what I sent. */
  receipts: optional(flag()),
  /** Wake me with `more` when anything that I may see is stored, not only for unread mail. */
  watch: optional(flag()),
  about: optional(aboutShape),
});
export type Hello = Infer<typeof helloShape>;

/** → One verb of `verbs.ts`; `id` comes back in its answer. Answers may come in any order. */
export const requestShape = shape({
  type: tag('request'),
  id: integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
  verb: text({ max: 32, min: 1 }),
  /** Checked by the verb's own shape. */
  args: optional(anything),
});
export type Request = Infer<typeof requestShape>;

/** → Goodbye: I leave, I am not lost. */
export const byeShape = shape({ type: tag('bye') });
export type Bye = Infer<typeof byeShape>;

export type ClientFrame = Hello | Request | Bye;

/** ← The connection is open, and this is who you are. */
export interface Welcome {
  readonly type: 'welcome';
  readonly v: number;
  /** The name that was granted; absent when hello had none. */
  readonly name?: string;
  /** The resume key of that name, when the relay has just made it. Keep it 0600; it is not told again. */
  readonly key?: string;
  /** A live session holds the name that was asked for: this is another. */
  readonly suffixed?: true;
  /** Changes when the relay's data was restored or wiped; positions compare only within one. */
  readonly epoch: string;
  readonly position: number;
  readonly unread: number;
  /** Envelopes to this name that ended before it was handed them (expired, dead), ever; absent means none. */
  readonly missed?: number;
  readonly version: string;
}

/** ← The answer to request `id`. */
export interface Answer {
  readonly type: 'answer';
  readonly id: number;
  readonly result: unknown;
}

/** ← What went wrong; with `id`, at that request. A code with a close code ends the connection. */
export interface ErrorFrame {
  readonly type: 'error';
  readonly id?: number;
  readonly code: Code;
  readonly message: string;
  readonly retry: boolean;
}

/** ← Unread mail, oldest first; each wants a receipt. `unread` counts what is not handed yet, these included. */
export interface Deliver {
  readonly type: 'deliver';
  readonly messages: readonly Envelope[];
  readonly unread: number;
}

/** ← There is unread mail that was not pushed; `receive` it. With `watch`: something you may see was stored. */
export interface More {
  readonly type: 'more';
  readonly unread: number;
}

/** ← One of your envelopes came further for one recipient. */
export interface ReceiptFrame {
  readonly type: 'receipt';
  readonly id: string;
  readonly name: string;
  readonly state: ReceiptState;
  readonly at: number;
  readonly reason?: string;
  /** It did not come further: why it has not been seen yet. */
  readonly unseen?: string;
}

/** ← Somebody came, went (`left` by goodbye, `lost` without), has a new name, or is `doing` something else. */
export interface PresenceFrame extends Attention {
  readonly type: 'presence';
  readonly event: 'joined' | 'left' | 'lost' | 'renamed' | 'doing';
  readonly name: string;
  readonly at: number;
  /** With `renamed`: the name before. */
  readonly was?: string;
  readonly kind?: Kind;
  readonly host?: string;
  readonly cwd?: string;
  readonly program?: string;
  readonly version?: string;
}

/** ← Messages are held for your person: all there are now, by sender, at most 20. Said when there are more than before. */
export interface HeldFrame {
  readonly type: 'held';
  readonly held: readonly HeldCount[];
}

/** ← A session of your person is braked. Said once in ten minutes for each session and brake. */
export interface BrakedFrame {
  readonly type: 'braked';
  readonly name: string;
  readonly brake: Brake;
  readonly at: number;
}

/** ← All messages are paused until then (milliseconds; 0: until a person ends it), or go on. */
export interface PausedFrame {
  readonly type: 'paused';
  readonly until?: number;
}

export type RelayFrame =
  | Welcome
  | Answer
  | ErrorFrame
  | Deliver
  | More
  | ReceiptFrame
  | PresenceFrame
  | HeldFrame
  | BrakedFrame
  | PausedFrame;
