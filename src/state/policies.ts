/** What persons let happen with messages of others: all of it in memory, since every send asks, and it is little. */
import type { Stance } from '../protocol/stance.ts';
import type { Store } from './store.ts';

/** One session, or a person with all of their sessions. */
export type Subject = { readonly session: number } | { readonly person: string };

interface PolicyRow {
  readonly person: string;
  readonly about: string;
  readonly stance: Stance;
}

export class Policies {
  readonly #store: Store;
  /** Person → subject → stance. */
  #said: Map<string, Map<string, Stance>> | undefined;
  #isAnySessionStrict = false;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Undefined where that person has said nothing of them. */
  of(person: string, subject: Subject): Stance | undefined {
    return this.#load().get(person)?.get(keyOf(subject));
  }

  /** Nobody has said anything, no session either: whoever may write to somebody is accepted. */
  get isEmpty(): boolean {
    return this.#load().size === 0 && !this.#isAnySessionStrict;
  }

  set(person: string, subject: Subject, stance: Stance): void {
    const sql = 'REPLACE INTO policy (person, about, stance) VALUES (?, ?, ?)';
    this.#store.writeSummed('policy', sql, person, keyOf(subject), stance);
    this.clear();
  }

  clear(): void {
    this.#said = undefined;
  }

  #load(): Map<string, Map<string, Stance>> {
    if (this.#said) return this.#said;
    const said = new Map<string, Map<string, Stance>>();
    for (const { person, about, stance } of this.#store.all<PolicyRow>('SELECT person, about, stance FROM policy')) {
      const subjects = said.get(person) ?? new Map<string, Stance>();
      said.set(person, subjects.set(about, stance));
    }
    const strict = "SELECT 1 FROM session WHERE messages <> 'accept' LIMIT 1";
    this.#isAnySessionStrict = this.#store.get(strict) !== undefined;
    this.#said = said;
    return said;
  }
}

function keyOf(subject: Subject): string {
  return 'session' in subject ? `session:${subject.session}` : `person:${subject.person}`;
}
