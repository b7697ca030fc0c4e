/** What is measured of a process, and how figures are condensed. */
import { readdirSync, readFileSync } from 'node:fs';

/**
 * Microseconds that a process has spent on a processor: all its threads, user and system. From the scheduler, which counts
 * nanoseconds; `stat` counts hundredths of a second.
 * @param {number} pid
 */
export function cpuOf(pid) {
  let sum = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      sum += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ', 1)[0]);
    } catch {
      // The thread has just ended.
    }
  }
  return sum / 1_000;
}

/** Bytes that only this process holds: what is shared with others, as code is, costs nobody. @param {number} pid */
export function privateMemory(pid) {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const lines = rollup.matchAll(/^Private_(?:Clean|Dirty):\s+(\d+) kB$/gm);
  return [...lines].reduce((sum, [, kilobytes]) => sum + Number(kilobytes) * 1024, 0);
}

/** @param {readonly number[]} values */
export function median(values) {
  return quantile(values, 0.5);
}

/** @param {readonly number[]} values @param {number} fraction 0.99 for the 99th percentile */
export function quantile(values, fraction) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))] ?? Number.NaN;
}

/**
 * Runs the sides in turns, so that what else the machine does meets all of them alike; answers each side's results.
 * @template R
 * @param {number} rounds @param {Record<string, () => Promise<R>>} sides @returns {Promise<Record<string, R[]>>}
 */
export async function alternate(rounds, sides) {
  /** @type {Record<string, R[]>} */
  const results = Object.fromEntries(Object.keys(sides).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, side] of Object.entries(sides)) results[name]?.push(await side());
  }
  return results;
}

/**
 * The ratio of two sides in one round, and of those the median: a slow minute of the machine is in both.
 * @param {readonly number[]} ours @param {readonly number[]} theirs
 */
export function medianRatio(ours, theirs) {
  return median(ours.map((value, i) => value / (theirs[i] ?? Number.NaN)));
}
