/** A message as it travels: who, to whom, when, what, and what it belongs to. */
import { addressField } from './address.ts';
import { type Infer, integer, json, list, oneOf, oneOrMore, optional, shape, text } from './check.ts';
import { LIMITS } from './limits.ts';

export const ID_PATTERN = /^[A-Za-z0-9_-]{1,64}$/;
/**
 * How much it may disturb. `normal` waits for the end of a turn, and wakes who is idle; `urgent` goes in between two tool
 * calls where the program's door can; `quiet` never wakes: it rides along with whatever comes next.
 */
export const PRIORITIES = ['normal', 'urgent', 'quiet'] as const;
export type Priority = (typeof PRIORITIES)[number];

export const idField = text({
  max: LIMITS.idChars,
  min: 1,
  pattern: ID_PATTERN,
  is: 'an id: letters, digits, - or _, at most 64',
});
export const threadField = text({ max: LIMITS.threadChars, min: 1, is: 'a thread name of 1 to 64 characters' });

/**
 * What a sender gives. `to` may be left out only together with `reply_to`: the answer then goes to the sender of that
 * message, or to the room it came through. `id` is chosen by the sender and makes the send repeatable for ever.
 */
export const draftShape = shape({
  id: optional(idField),
  to: optional(oneOrMore(addressField, { max: LIMITS.recipients })),
  body: text({ max: LIMITS.bodyBytes, min: 1, bytes: true }),
  thread: optional(threadField),
  reply_to: optional(idField),
  priority: optional(oneOf(PRIORITIES)),
  /** Seconds until it is `expired` for whoever has not been handed it. */
  ttl_seconds: optional(integer({ min: 1, max: LIMITS.ttlSeconds })),
  attachments: optional(list(json({ maxBytes: LIMITS.attachmentBytes }), { max: LIMITS.attachments })),
  /** Room for signed envelopes; kept and carried, not verified yet. */
  signature: optional(text({ max: LIMITS.signatureChars })),
  key_id: optional(text({ max: LIMITS.idChars })),
});
export type Draft = Infer<typeof draftShape>;

export interface Envelope {
  readonly id: string;
  /** Place in the one order of everything; grows, has gaps, never reused within an epoch. */
  readonly position: number;
  readonly from: string;
  /** The addresses it was sent to, by their present names. */
  readonly to: readonly string[];
  /** Milliseconds since 1970, by the relay's clock when it took the message. */
  readonly at: number;
  readonly body: string;
  readonly thread?: string;
  readonly reply_to?: string;
  /** Absent means normal. */
  readonly priority?: Exclude<Priority, 'normal'>;
  readonly expires_at?: number;
  readonly attachments?: readonly unknown[];
  readonly signature?: string;
  readonly key_id?: string;
  /** It was given out before and nobody said that it arrived: it may have been shown already. */
  readonly redelivered?: true;
}
