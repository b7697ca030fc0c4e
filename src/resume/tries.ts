/**
 * What a name was woken for: `<home>/resume/tries/<NAME>.json`. Written down before a run begins, so that no message wakes
 * twice, whatever happens in between.
 *
 *     no more than 10 runs an hour
 *     after a run that failed: 1 minute, 2, 4, … an hour at most; after one that did not: at once
 */
import { join } from 'node:path';
import { fieldsOf, listOf, parsed } from '../util/fields.ts';
import { ensurePrivateDir, readPrivate, writeAtomic } from '../util/files.ts';

export interface Tries {
  /** Ids of messages, the newest last. */
  readonly messages: readonly string[];
  /** Milliseconds since 1970: when runs of the last hour began. */
  readonly began: readonly number[];
  /** Runs that failed, one after the other. */
  readonly failures: number;
  /** When the last of them ended. */
  readonly failedAt: number;
}

const NONE: Tries = { messages: [], began: [], failures: 0, failedAt: 0 };

const HOUR = 60 * 60 * 1000;
const RUNS_AN_HOUR = 10;
const FIRST_PAUSE = 60_000;
/** More than may wait in one inbox page after page; older ones are handed or expired. */
const MESSAGES_KEPT = 1_000;

export function triesOf(home: string, name: string): Tries {
  const value = fieldsOf(parsed(readPrivate(fileOf(home, name)) ?? ''));
  if (value.name !== name) return NONE;
  return {
    messages: listOf(value.messages).filter((id) => typeof id === 'string'),
    began: listOf(value.began).filter((at) => typeof at === 'number'),
    failures: typeof value.failures === 'number' ? value.failures : 0,
    failedAt: typeof value.failedAt === 'number' ? value.failedAt : 0,
  };
}

/** When it may be woken again, milliseconds since 1970; not after `now` when it may be now. */
export function mayBeWokenAt({ began, failures, failedAt }: Tries, now: number): number {
  const lately = began.filter((at) => at > now - HOUR);
  const afterBudget = lately.length < RUNS_AN_HOUR ? 0 : (lately.at(-RUNS_AN_HOUR) ?? 0) + HOUR;
  const afterFailure = failures === 0 ? 0 : failedAt + Math.min(FIRST_PAUSE * 2 ** (failures - 1), HOUR);
  return Math.max(afterBudget, afterFailure);
}

/** Durable when it returns; throws when it is not, and then nothing must be run. */
export function noteTry(home: string, name: string, message: string, now: number): void {
  const before = triesOf(home, name);
  write(home, name, {
    ...before,
    messages: [...before.messages, message].slice(-MESSAGES_KEPT),
    began: [...before.began.filter((at) => at > now - HOUR), now],
  });
}

export function noteEnd(home: string, name: string, hasFailed: boolean, now: number): void {
  const before = triesOf(home, name);
  write(home, name, { ...before, failures: hasFailed ? before.failures + 1 : 0, failedAt: hasFailed ? now : 0 });
}

function write(home: string, name: string, tries: Tries): void {
  ensurePrivateDir(join(home, 'resume'));
  ensurePrivateDir(join(home, 'resume', 'tries'));
  writeAtomic(fileOf(home, name), `${JSON.stringify({ name, ...tries })}\n`);
}

function fileOf(home: string, name: string): string {
  return join(home, 'resume', 'tries', `${name}.json`);
}
