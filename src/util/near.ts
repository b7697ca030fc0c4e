/** Words that somebody may have meant. */

/** The candidates within a third of the word's length in typing errors (at least one, at most three), best first. */
export function near(word: string, candidates: Iterable<string>, max = 3): string[] {
  const allowed = Math.min(3, Math.max(1, Math.floor(word.length / 3)));
  return [...candidates]
    .map((candidate) => ({ candidate, typos: distance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ typos }) => typos <= allowed)
    .sort((a, b) => a.typos - b.typos || (a.candidate < b.candidate ? -1 : 1))
    .slice(0, max)
    .map(({ candidate }) => candidate);
}

/** Letters put in, left out, changed, or swapped with their neighbour (optimal string alignment, two rows kept). */
export function distance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const changed = cell(row, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? cell(before, j - 2) + 1 : changed;
      next.push(Math.min(changed, swapped, cell(row, j) + 1, cell(next, j - 1) + 1));
    }
    before = row;
    row = next;
  }
  return cell(row, b.length);
}

/** Outside the table everything is too far. */
const cell = (row: readonly number[], at: number): number => row[at] ?? Number.POSITIVE_INFINITY;
