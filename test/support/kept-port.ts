/** A port for a relay that ends and comes back. */
import { isPortTaken } from '../../src/util/port-holder.ts';

/**
 * Above what tests name themselves, and below those that Linux gives out to whoever wants any (`ip_local_port_range`, from 32768
 * on): of these, another process may be given the relay's own while it is away.
 */
const FIRST = 10_000;
const LAST = 32_767;

export async function keptPort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST + 1));
    if (!(await isPortTaken(port))) return port;
  }
}
