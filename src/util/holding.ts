/**
 * Node ends a process when nothing holds its event loop, whether or not somebody awaits something; the timers of
 * `clock.ts` hold nothing. What must come to its end is run in here.
 */

/** Keeps the process alive until `work` has settled. */
export async function holding<T>(work: () => Promise<T>): Promise<T> {
  const { port1 } = new MessageChannel();
  // A port is held from its first listener on.
  port1.on('message', () => undefined);
  try {
    return await work();
  } finally {
    port1.close();
  }
}
