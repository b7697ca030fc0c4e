/**
 * When mail may go in through a door. Pure: what is waiting, what the program is doing and what was spent, to a verdict.
 *
 *     nothing but quiet mail                       → not by itself: it rides along with whatever comes next
 *     at work: urgent, and the door interrupts     → now
 *     at work, or waiting for its person           → when it is idle
 *     idle: the budget is spent                    → when there is some again
 *     idle: the first came a moment ago            → a moment later, together with what follows it
 *     idle                                         → now: a turn begins
 *     nobody can tell what it is doing             → now: the program keeps it until the turn's end
 */
import type { Activity } from '../agents/program.ts';
import type { Envelope } from '../protocol/envelope.ts';

/** What comes in this time after the first is put together with it. Milliseconds. */
export const BURST_MS = 60;

export interface Standing {
  /** Oldest first. */
  readonly waiting: readonly Pick<Envelope, 'priority'>[];
  /** Milliseconds since the first of them was known here. */
  readonly waited: number;
  readonly activity: Activity | undefined;
  /** Of the door that would be used. */
  readonly interrupts: boolean;
  /** Milliseconds until the budget allows a wake. */
  readonly budgetWait: number;
}

export type Verdict =
  | { readonly go: 'now'; readonly urgent: boolean; readonly isWake: boolean }
  /** Milliseconds; asked again then. */
  | { readonly go: 'later'; readonly inMs: number; readonly because: 'burst' | 'budget' }
  /** Asked again when something changes. */
  | { readonly go: 'wait'; readonly because: 'quiet' | 'at work' };

export function judge({ waiting, waited, activity, interrupts, budgetWait }: Standing): Verdict {
  const isUrgent = waiting.some(({ priority }) => priority === 'urgent');
  if (waiting.every(({ priority }) => priority === 'quiet')) return { go: 'wait', because: 'quiet' };
  const isAtWork = activity !== undefined && activity.doing !== 'idle';
  if (isAtWork && isUrgent && interrupts) return { go: 'now', urgent: true, isWake: false };
  if (isAtWork) return { go: 'wait', because: 'at work' };
  if (budgetWait > 0) return { go: 'later', inMs: budgetWait, because: 'budget' };
  if (waited < BURST_MS) return { go: 'later', inMs: BURST_MS - waited, because: 'burst' };
  return { go: 'now', urgent: isUrgent, isWake: true };
}
