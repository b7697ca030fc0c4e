/** What a person at a terminal sees of work that may take long. */
import { statSync } from 'node:fs';
import { systemClock } from '../util/clock.ts';
import type { Output } from './output.ts';
import { bytesWords, duration } from './words.ts';

/** Milliseconds. */
const EVERY = 1_000;

/**
 * Tells on one line, which goes when `work` is over, what goes on, how long by now, and how far it is where `far` says so. Work
 * that lets nobody in between is told of once.
 */
export async function shown<T>(out: Output, what: string, work: () => Promise<T>, far = () => ''): Promise<T> {
  const begun = systemClock.monotonic();
  const show = () => {
    const parts = [what, far(), duration(systemClock.monotonic() - begun)];
    out.passing(parts.filter((part) => part !== '').join(', '));
  };
  out.passing(`${what} …`);
  const timer = systemClock.every(EVERY, show);
  try {
    return await work();
  } finally {
    timer.cancel();
    out.passed();
  }
}

/** Of a file that grows; empty where it does not yet, or cannot be looked at: whoever writes it hears of that. */
export function sizeNow(path: string): string {
  try {
    const { size } = statSync(path);
    return size > 0 ? bytesWords(size) : '';
  } catch {
    return '';
  }
}
