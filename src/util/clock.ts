/** Time, as everything here takes it: injected, so that a test owns it. Milliseconds throughout. */

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Milliseconds that only grow, from an arbitrary start. */
  monotonic(): number;
  /** Calls once after `ms`. Does not keep the process alive. */
  after(ms: number, call: () => void): Timer;
  /** Calls every `ms`. Does not keep the process alive. */
  every(ms: number, call: () => void): Timer;
  /** Calls once in the next turn of the event loop: after what this one brought, before any timer. Keeps the process alive until then. */
  soon(call: () => void): void;
}

/** Node fires a timer that is longer than this after 1 ms (25 days; a message may live for 30). */
const LONGEST = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, call) {
    let handle: NodeJS.Timeout;
    const wait = (left: number) => {
      handle = setTimeout(() => (left > LONGEST ? wait(left - LONGEST) : call()), Math.min(left, LONGEST));
      handle.unref();
    };
    wait(ms);
    return { cancel: () => clearTimeout(handle) };
  },
  every(ms, call) {
    const handle = setInterval(call, ms);
    handle.unref();
    return { cancel: () => clearInterval(handle) };
  },
  soon: (call) => void setImmediate(call),
};

/** Keeps the process alive until what it returns is called: for who waits for something that does not, as these timers. */
export function keepAlive(): () => void {
  const handle = setInterval(() => {}, LONGEST);
  return () => clearInterval(handle);
}

/** Resolves after `ms`, or rejects with the signal's reason as soon as it aborts. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = () => {
      timer.cancel();
      reject(signal?.reason);
    };
    const timer = clock.after(ms, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
