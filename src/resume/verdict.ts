/** What the sender is told when a run is over. */
import { createHash } from 'node:crypto';
import { LIMITS } from '../protocol/limits.ts';
import type { GroupRan } from '../util/run-group.ts';

export interface Verdict {
  readonly hasFailed: boolean;
  readonly body: string;
}

const PREFIX = 'woken-';

/** Always the same for the same message: told twice, it is told once. */
export function answerId(name: string, message: string): string {
  return `${PREFIX}${createHash('sha256').update(`${name}\n${message}`).digest('hex').slice(0, 24)}`;
}

/** Two sessions that may both be woken would otherwise wake each other with their last words for ever. */
export function isWakersAnswer(id: string): boolean {
  return id.startsWith(PREFIX);
}

/** `wasRead`: the message does not wait any more. `limit`: milliseconds. */
export function verdictOf(name: string, ran: GroupRan, wasRead: boolean, limit: number): Verdict {
  const words = ran.stdout.trim();
  if (ran.cut === 'time')
    return failure(name, `was ended after ${minutes(limit)}, its time limit (exit code ${ran.code})`);
  if (ran.cut === 'stopped')
    return failure(name, `was ended because its owner stopped the waker (exit code ${ran.code})`);
  if (ran.code === 127) return failure(name, 'could not be started (exit code 127)');
  if (ran.code !== 0) return failure(name, `failed (exit code ${ran.code})`);
  if (!wasRead) return failure(name, 'ended without reading your message (exit code 0)');
  return words === ''
    ? failure(name, 'ended without a word (exit code 0)')
    : { hasFailed: false, body: fitting(words) };
}

export function interrupted(name: string): Verdict {
  return failure(name, 'was interrupted, and how far it got is not known');
}

function failure(name: string, what: string): Verdict {
  return {
    hasFailed: true,
    body: `${name} was not running and was woken for this message, but the run ${what}. It is not tried again.`,
  };
}

function minutes(ms: number): string {
  return ms % 60_000 === 0 ? `${ms / 60_000} min` : `${ms / 1000} s`;
}

const CUT = '\n[cut here: longer than a message may be]';

/** No longer than a message may be, in bytes. */
function fitting(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= LIMITS.bodyBytes) return text;
  const end = LIMITS.bodyBytes - Buffer.byteLength(CUT) - 4;
  return `${bytes.toString('utf8', 0, end).replace(/\uFFFD+$/, '')}${CUT}`;
}
