/**
 * How many of whose messages wait for whom: in memory, since every send that is held asks, and with a thousand that wait each
 * would count a thousand.
 */
import type { Store } from './store.ts';

interface CountRow {
  readonly person: string;
  readonly stranger: string;
  readonly n: number;
}

export class HeldCounts {
  readonly #store: Store;
  /** Person → who sent them → how many. */
  #counts: Map<string, Map<string, number>> | undefined;

  constructor(store: Store) {
    this.#store = store;
  }

  of(person: string, stranger: string): number {
    return this.#load().get(person)?.get(stranger) ?? 0;
  }

  /** One more waits. */
  add(person: string, stranger: string): void {
    if (this.#counts) count(this.#counts, person, stranger, 1);
  }

  /** Some of them wait no more. */
  clear(): void {
    this.#counts = undefined;
  }

  #load(): Map<string, Map<string, number>> {
    if (this.#counts) return this.#counts;
    const sql = 'SELECT person, stranger, count(*) AS n FROM held WHERE is_open = 1 GROUP BY person, stranger';
    const counts = new Map<string, Map<string, number>>();
    for (const { person, stranger, n } of this.#store.all<CountRow>(sql)) count(counts, person, stranger, n);
    this.#counts = counts;
    return counts;
  }
}

function count(counts: Map<string, Map<string, number>>, person: string, stranger: string, more: number): void {
  const ofPerson = counts.get(person) ?? new Map<string, number>();
  counts.set(person, ofPerson.set(stranger, (ofPerson.get(stranger) ?? 0) + more));
}
