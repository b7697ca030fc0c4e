/**
 * A row of the table: what it measures is said in the head of its file, what it has to reach in its figures.
 *
 * @typedef {object} Figure
 * @property {string} what
 * @property {number} value
 * @property {'x' | 'ms' | 'MB' | 'bytes' | 'µs' | '/s'} unit `x` is a ratio to what we are compared with
 * @property {number} [atLeast] the middle column
 * @property {number} [lookFor] the right-hand one
 * @property {'more' | 'less'} [better] which is better; needed where there is something to reach
 * @property {string} [note] the two sides
 *
 * @typedef {{ rounds: number, seconds: number, stored(): Promise<Stored> }} Setup
 * @typedef {{ dir: string, name: string, key: string, messages: number }} Stored data that a relay can start with
 * @typedef {(setup: Setup) => Promise<Figure[]>} Run
 */

/** Does a figure fall short of what it must at least reach? @param {Figure} figure */
export function fallsShort({ value, atLeast, better }) {
  if (atLeast === undefined) return false;
  return better === 'more' ? !(value >= atLeast) : !(value <= atLeast);
}

/** @param {Figure} figure */
export function misses({ value, lookFor, better }) {
  if (lookFor === undefined) return false;
  return better === 'more' ? !(value >= lookFor) : !(value <= lookFor);
}

let last = 0;

/** Names of one run are for nobody else: a relay remembers everybody. */
export function prefix() {
  last += 1;
  return `B${last}`;
}

/** @param {number} value */
export function short(value) {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toFixed(digits);
}
