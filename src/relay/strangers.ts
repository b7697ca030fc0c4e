/**
 * Connections that have not said hello: only so many may wait. Others than the owner have a part of the places, each and all
 * together, so that no guest keeps anybody out and all of them never the owner.
 */
import { LIMITS } from '../protocol/limits.ts';
import { OWNER } from '../state/schema.ts';

export type WaitLimits = Pick<Record<keyof typeof LIMITS, number>, 'unauthenticated' | 'unauthenticatedPerPerson'>;

/** May one more of that person wait, beside those whose persons `waiting` names? */
export function mayWait(person: number, waiting: Iterable<number>, limits: WaitLimits = LIMITS): boolean {
  const { unauthenticated: most, unauthenticatedPerPerson: each } = limits;
  const all = [...waiting];
  if (person === OWNER) return all.length < most;
  const guests = all.filter((other) => other !== OWNER);
  const own = guests.filter((other) => other === person);
  return all.length < most && guests.length < most - each && own.length < each;
}
