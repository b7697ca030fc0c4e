/** What people are called: all of it in memory, since every send asks, and it is little. */
import type { Store } from './store.ts';

export class PersonNames {
  readonly #store: Store;
  #names: ReadonlyMap<number, string> | undefined;

  constructor(store: Store) {
    this.#store = store;
  }

  nameOf(person: number): string {
    return this.#load().get(person) ?? '';
  }

  /** As it is written. */
  has(name: string): boolean {
    return [...this.#load().values()].includes(name);
  }

  /** Is there anybody but the owner? */
  get hasOthers(): boolean {
    return this.#load().size > 1;
  }

  /** Somebody has come, or is called otherwise. */
  clear(): void {
    this.#names = undefined;
  }

  #load(): ReadonlyMap<number, string> {
    this.#names ??= new Map(
      this.#store.all<{ id: number; name: string }>('SELECT id, name FROM person').map(({ id, name }) => [id, name]),
    );
    return this.#names;
  }
}
