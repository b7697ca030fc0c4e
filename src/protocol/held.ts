/**
 * A held message: stored, and shown to nobody but its sender before its person has accepted it. Its receipt is `stored`
 * all the while; then it goes on as any other, or ends as `refused` or `expired`.
 */
import { LIMITS } from './limits.ts';

/** Why one is held, and how that is told to its sender, after "held until its person accepts it: ". */
export const HELD = {
  unknown: 'that person has not been accepted yet',
  policy: 'messages of that sender are held there',
  session: 'that session holds all messages',
  hops: `it was passed on from agent to agent more than ${LIMITS.hops} times`,
  copies: `the same text was sent more than ${LIMITS.copies} times within 10 minutes`,
} as const;
export type HeldWhy = keyof typeof HELD;

/** For one recipient, as its sender is told. */
export interface HeldFor {
  readonly name: string;
  readonly why: HeldWhy;
}

/** What a person is told of one message: enough to decide, and not a word of it. */
export interface HeldInfo {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  /** Milliseconds: when it was sent. */
  readonly at: number;
  /** Of its body. */
  readonly bytes: number;
  readonly why: HeldWhy;
}

/** How many of one sender are held. */
export interface HeldCount {
  readonly from: string;
  readonly count: number;
}

/** `held until its person accepts it: …` */
export function heldSentence(why: HeldWhy): string {
  return `held until its person accepts it: ${HELD[why]}`;
}
