/**
 * What is to happen after each test, whichever file it is in. A hook at the top of a support module would not do: many
 * test files share one process and load such a module once, so that only the first of them would have the hook.
 */
const cleanups: (() => unknown)[] = [];

/** Called once, when a support module is loaded. What is loaded later is cleaned up earlier. */
export function afterEveryTest(cleanup: () => unknown): void {
  cleanups.unshift(cleanup);
}

/** All of them, also when one fails; then rejects with what failed. */
export async function cleanUp(): Promise<void> {
  const failed: unknown[] = [];
  for (const cleanup of cleanups) {
    try {
      await cleanup();
    } catch (error) {
      failed.push(error);
    }
  }
  if (failed.length > 0) throw failed.length === 1 ? failed[0] : new AggregateError(failed);
}
