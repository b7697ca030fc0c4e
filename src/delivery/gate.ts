/**
 * When mail may go in through a door. Pure: what is waiting, what the program is doing and what was spent, to a verdict.
 *
 *     nothing but quiet mail                       → not by itself: it rides along with whatever comes next
 *     at work: urgent, and the door interrupts     → now
 *     at work, or waiting for its person           → when it is idle
 *     idle: the budget is spent                    → when there is some again
 *     idle: the first came a moment ago            → a moment later, together with what follows it
 *     idle, woken a moment ago, and more pours in  → when it has ceased, or after a while
 *     idle                                         → now: a turn begins
 *     nobody can tell what it is doing             → now: the program keeps it until the turn's end
 */
import type { Activity } from '../agents/program.ts';
import type { Envelope } from '../protocol/envelope.ts';

/** What comes in this time after the first is put together with it. Milliseconds. */
export const BURST_MS = 60;

/** After a wake, mail that comes faster than this one after the other is not worth a turn each. Milliseconds. */
export const POUR = {
  /** How long after a wake it is looked for. */
  after: 5_000,
  /** Closer together than this is pouring in; nothing for so long, and it has ceased. */
  calm: 400,
  /** The first of them waits no longer. */
  longest: 4_000,
};

/** How mail comes in. Milliseconds. */
export interface Pace {
  /** Since the last one came. */
  readonly calm: number;
  /** Between that one and the one before, which may be read by now. */
  readonly spacing: number;
}

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
  readonly pace: Pace;
  /** Milliseconds since the last wake. */
  readonly wokenAgo: number;
}

export type Verdict =
  | { readonly go: 'now'; readonly urgent: boolean; readonly isWake: boolean }
  /** Milliseconds; asked again then. */
  | { readonly go: 'later'; readonly inMs: number; readonly because: 'burst' | 'budget' }
  /** Asked again when something changes. */
  | { readonly go: 'wait'; readonly because: 'quiet' | 'at work' };

export function judge(standing: Standing): Verdict {
  const { waiting, waited, activity, interrupts, budgetWait } = standing;
  const isUrgent = waiting.some(({ priority }) => priority === 'urgent');
  if (waiting.every(({ priority }) => priority === 'quiet')) return { go: 'wait', because: 'quiet' };
  const isAtWork = activity !== undefined && activity.doing !== 'idle';
  if (isAtWork && isUrgent && interrupts) return { go: 'now', urgent: true, isWake: false };
  if (isAtWork) return { go: 'wait', because: 'at work' };
  if (budgetWait > 0) return { go: 'later', inMs: budgetWait, because: 'budget' };
  if (waited < BURST_MS) return { go: 'later', inMs: BURST_MS - waited, because: 'burst' };
  const pours = isUrgent ? 0 : poursFor(standing);
  if (pours > 0) return { go: 'later', inMs: pours, because: 'burst' };
  return { go: 'now', urgent: isUrgent, isWake: true };
}

/** Milliseconds until a burst that is under way will have ceased, or has been waited for long enough. */
function poursFor({ waited, pace, wokenAgo }: Standing): number {
  if (wokenAgo > POUR.after || pace.spacing > POUR.calm) return 0;
  return Math.min(POUR.calm - pace.calm, POUR.longest - waited);
}
