/**
 * What a person lets happen with messages of somebody: `accept` gives them to the session, `hold` keeps them until the
 * person has decided about each, `refuse` takes none.
 */
export const STANCES = ['accept', 'hold', 'refuse'] as const;
export type Stance = (typeof STANCES)[number];

/** Of two that have a say, the one that lets less through. */
export function stricter(a: Stance, b: Stance): Stance {
  return STANCES.indexOf(a) > STANCES.indexOf(b) ? a : b;
}
