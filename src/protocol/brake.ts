/** What slows or stops agents that write because others wrote to them. */
import { LIMITS } from './limits.ts';

/** Why somebody is braked, as its person is told. */
export const BRAKES = {
  hops: `passed a message on that had come through ${LIMITS.hops} agents`,
  copies: `sent the same text more than ${LIMITS.copies} times`,
  fan_out: `tried to reach more than ${LIMITS.fanOut} sessions with one message`,
  pair: `wrote to one session more than ${LIMITS.pairPerMinute} times within a minute`,
  sender: `wrote more than ${LIMITS.senderPerMinute} messages within a minute`,
} as const;
export type Brake = keyof typeof BRAKES;

/** One session that was braked lately, and by what. */
export interface Braked {
  readonly name: string;
  readonly brake: Brake;
  /** Milliseconds: when it began. */
  readonly at: number;
  /** Messages that it held or refused so far. */
  readonly count: number;
}
