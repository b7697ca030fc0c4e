/**
 * Mail that was taken before the relay's data were restored or rolled back, or under a name that another session holds now.
 * Its position is another envelope's by now, so it has none: it is shown all the same, and no receipt is said of it. Given by
 * the relay again, it is the same envelope by its id, and has a position again.
 */
import type { Envelope } from '../protocol/envelope.ts';

export type Placed = Pick<Envelope, 'position'>;

/** Those of the relay begin at 1. */
const NOWHERE = -1;

export function astray<T extends Placed>(message: T): T {
  return { ...message, position: NOWHERE };
}

export function isStray({ position }: Placed): boolean {
  return position === NOWHERE;
}

/** Of those that have one: what the relay may be told of. */
export function positionsOf(messages: readonly Placed[]): readonly number[] {
  return messages.filter((message) => !isStray(message)).map(({ position }) => position);
}
