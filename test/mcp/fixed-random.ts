/** Chance that is the same every time: bytes counted up from a start. */
import type { Random } from '../../src/util/random.ts';

export function fixedRandom(start = 1): Random {
  let next = start;
  return {
    bytes: (count) => Uint8Array.from({ length: count }, () => next++ % 256),
    fraction: () => 0.5,
  };
}
