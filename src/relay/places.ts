/**
 * Places of which there are only so many. Others than the owner have a part of them, each and all together, so that no guest
 * keeps anybody out and all of them never the owner.
 */
import { LIMITS } from '../protocol/limits.ts';
import { OWNER } from '../state/schema.ts';

export type ConnectionLimits = Pick<
  Record<keyof typeof LIMITS, number>,
  'connections' | 'connectionsPerPerson' | 'unauthenticated' | 'unauthenticatedPerPerson'
>;

/** The persons whose the taken places are. */
export type Taken = Pick<ReadonlyMap<unknown, number>, 'size' | 'values'>;

interface Places {
  readonly all: number;
  /** Of one person other than the owner; as many are the owner's alone. */
  readonly each: number;
}

/** May one more of that person come? */
export function mayCome(person: number, taken: Taken, { all, each }: Places): boolean {
  if (taken.size >= all) return false;
  if (person === OWNER) return true;
  const guests = [...taken.values()].filter((other) => other !== OWNER);
  return guests.length < all - each && guests.filter((other) => other === person).length < each;
}

/** May one more connection of that person be open? */
export function mayConnect(person: number, open: Taken, limits: ConnectionLimits): boolean {
  return mayCome(person, open, { all: limits.connections, each: limits.connectionsPerPerson });
}

/** May one more of that person's wait that has not said hello? */
export function mayWait(person: number, waiting: Taken, limits: ConnectionLimits = LIMITS): boolean {
  return mayCome(person, waiting, { all: limits.unauthenticated, each: limits.unauthenticatedPerPerson });
}
