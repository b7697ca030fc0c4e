/** Why a message has not been read yet, in the words that its sender is told. At most 200 characters. */
import type { Activity } from '../agents/program.ts';
import { LIMITS } from '../protocol/limits.ts';
import { safeText } from '../util/safe-text.ts';
import type { Entry } from './ledger-store.ts';
import type { Obstacle } from './waiting.ts';

interface Facts {
  readonly obstacle: Obstacle | undefined;
  readonly activity: Activity | undefined;
  /** Why its program has no door, where it might have one. */
  readonly doorless: string | undefined;
  /** Wakes an hour. */
  readonly budget: number;
  /** Milliseconds until it may be woken again. */
  readonly budgetWait: number;
}

const NTH: Readonly<Record<number, string>> = { 2: 'second', 3: 'third' };

/** Of what nobody has shown it. */
export function whyWaiting({ obstacle, activity, doorless, budget, budgetWait }: Facts): string {
  const doing = doingWords(activity);
  if (typeof obstacle === 'object') return short(`${obstacle.reason}; reached at its next turn, ${doing}`);
  switch (obstacle) {
    case 'at work':
      return short(`${doing}; it comes at the end of its turn`);
    case 'budget':
      return short(
        `woken ${budget} times in the last hour; again in ${Math.ceil(budgetWait / 60_000)} min, or at its next turn`,
      );
    case 'quiet':
    case 'burst':
    case 'no door':
    case undefined:
      return short(`reached at its next turn only${doorless === undefined ? '' : `: ${doorless}`}, ${doing}`);
    default:
      return obstacle satisfies never;
  }
}

/** Of what its program keeps back. `policy`: the setting that says so, where it has a name. */
export function whyHeld({ door }: Entry, policy: string | undefined): string {
  const by = policy === undefined ? '' : ` (${policy})`;
  return short(`given by ${door}, and held by its own policy${by} until its person decides`);
}

/** Of what was given to it. */
export function whyUnseen(entry: Entry, activity: Activity | undefined): string {
  const nth = NTH[entry.times];
  const times = nth === undefined ? '' : ` for the ${nth} time`;
  return short(
    `given by ${entry.door}${times} at ${clockTime(entry.at)}; no sign that it was read; ${doingWords(activity)}`,
  );
}

function doingWords(activity: Activity | undefined): string {
  if (activity === undefined) return 'nobody tells what it is doing';
  const since = `since ${clockTime(activity.since)}`;
  if (activity.doing === 'idle') return `idle ${since}`;
  if (activity.doing === 'waiting') return `waiting for its person ${since}`;
  return activity.tool === undefined ? `at work ${since}` : `in ${safeText(activity.tool, { max: 40 })} ${since}`;
}

/** UTC, to the second. */
function clockTime(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? 'an unknown time' : `${date.toISOString().slice(11, 19)}Z`;
}

function short(text: string): string {
  return text.length <= LIMITS.reasonChars ? text : `${text.slice(0, LIMITS.reasonChars - 1)}…`;
}
