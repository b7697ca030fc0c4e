/** As `direct`, with messages of 4 KiB. */
import { against } from './direct-64.mjs';

/** @type {import('../row.mjs').Run} */
export async function run(setup) {
  return await against(setup, { pairs: 8, inFlight: 16, bytes: 4096 }, { atLeast: 0.8, lookFor: 1.3 });
}
