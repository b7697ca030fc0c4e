/** What the commands about people share. */
import { hostname } from 'node:os';
import { askPeople } from '../client/admin.ts';
import { personName } from '../config/person.ts';
import { timeOf } from '../config/values.ts';
import { RelayError } from '../protocol/codes.ts';
import { grantOf, grantText } from '../protocol/grant.ts';
import type { PeopleTask } from '../protocol/people.ts';
import { Failure } from '../util/failure.ts';
import type { Context } from './command.ts';
import { placeOf } from './data.ts';

/** One task at the relay. What only who administers may is not there for others: they are told so. */
export async function people<T extends PeopleTask>(
  ctx: Context,
  task: T,
  args: Parameters<typeof askPeople<T>>[1],
): ReturnType<typeof askPeople<T>> {
  try {
    return await askPeople(task, args, placeOf(ctx));
  } catch (error) {
    if (!(error instanceof RelayError) || error.code !== 'unknown_verb') throw error;
    throw new Failure('refused', 'Only who administers this relay may do that.', 'Ask whoever runs it.', error);
  }
}

/** Grants as they were written, several with commas; a wrong one is a `usage` Failure. */
export function grantsIn(words: readonly string[]): string[] {
  return words
    .flatMap((word) => word.split(','))
    .map((word) => {
      try {
        return grantText(grantOf(word.trim()));
      } catch (error) {
        throw new Failure('usage', error instanceof Error ? error.message : String(error));
      }
    });
}

/** Seconds of `10m`, `30d`; undefined when nothing was given. */
export function secondsOf(text: string | undefined, flag: string): number | undefined {
  const ms = text === undefined ? undefined : timeOf(text);
  if (text !== undefined && ms === undefined) throw new Failure('usage', `${flag} must be a time such as 10m or 30d.`);
  return ms === undefined ? undefined : Math.ceil(ms / 1000);
}

/** What this machine is called. */
export function deviceName(): string {
  return personName(hostname().split('.', 1)[0] ?? '');
}

/** In groups, to be read aloud: `Xy3k 8fQz …`. */
export function fingerprintWords(fingerprint: string): string {
  return (
    fingerprint
      .match(/.{1,6}/g)
      ?.slice(0, 4)
      .join(' ') ?? ''
  );
}
