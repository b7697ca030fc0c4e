/** The journal that tests use: the same state on tables in memory, nothing durable, no two commands in one write. */
import { asRelayError, RelayError } from '../protocol/codes.ts';
import type { Applied, Command, Effect } from '../state/command.ts';
import type { State } from '../state/state.ts';
import { FullText } from './full-text.ts';
import type { Journal } from './journal.ts';
import { EffectListeners } from './queue.ts';
import { InlineSearch, type Search } from './search.ts';

export class MemoryJournal implements Journal {
  readonly state: State;
  readonly search: Search;
  readonly #listeners = new EffectListeners();
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(state: State) {
    this.state = state;
    this.search = searchInMemory(state);
  }

  get ready(): boolean {
    return !this.#closed;
  }

  submit<C extends Command>(command: C): Promise<Applied<C>> {
    if (this.#closed) return Promise.reject(new RelayError('shutting_down'));
    const applied = this.#last.then(() => this.#apply(command));
    // The next command follows whether or not this one was refused.
    this.#last = applied.catch(() => undefined);
    return applied;
  }

  post<C extends Command>(command: C): Promise<Applied<C>> {
    return this.submit(command);
  }

  onEffects(listener: (effects: readonly Effect[]) => void): () => void {
    return this.#listeners.add(listener);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#last;
    this.state.store.database.close();
  }

  #apply<C extends Command>(command: C): Applied<C> {
    const applied = this.#write(command);
    this.#listeners.tell(applied.effects);
    return applied;
  }

  #write<C extends Command>(command: C): Applied<C> {
    const { database } = this.state.store;
    database.exec('BEGIN');
    try {
      const applied = this.state.apply(command);
      this.state.store.flush();
      database.exec('COMMIT');
      return applied;
    } catch (error) {
      database.exec('ROLLBACK');
      this.state.store.forget();
      throw asRelayError(error);
    }
  }
}

/** Beside the tables on their own connection: closed with it. */
export function searchInMemory({ store }: State): Search {
  return new InlineSearch(() => new FullText(store.database, ':memory:'));
}
