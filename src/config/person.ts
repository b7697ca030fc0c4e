/** What the user of this machine is called, by people and by the relay. */
import { userInfo } from 'node:os';
import { isName } from '../protocol/address.ts';

const LONGEST_NAME = 64;

/** A user's name made to fit: odd characters as dashes, nothing before the first letter, cut to length. */
export function personName(user: string): string {
  const fitting = user
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^A-Za-z0-9_.-]/g, '-')
    .replace(/^[^A-Za-z]+/, '')
    .slice(0, LONGEST_NAME);
  return isName(fitting) ? fitting : 'person';
}

export function userName(env: NodeJS.ProcessEnv): string {
  const said = env.USER || env.LOGNAME || env.USERNAME;
  if (said) return said;
  try {
    return userInfo().username;
  } catch {
    return ''; // a container's user without an entry in its list of users
  }
}
