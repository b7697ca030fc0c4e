/**
 * The seam that makes one machine and many the same program: it puts commands in one order, makes them durable, and
 * applies them. `test/contract/journal.ts` runs over every implementation.
 */
import type { Applied, Command, Effect } from '../state/command.ts';
import type { State } from '../state/state.ts';
import type { Search } from './search.ts';

export interface Journal {
  /** The applied commands' tables, for queries. Only the journal changes them. */
  readonly state: State;

  /** Full text of what is stored. */
  readonly search: Search;

  /** False from a write or a read that failed until the storage works again: no command is answered with yes meanwhile, reads may still work. */
  readonly ready: boolean;

  /**
   * Applies one command. Resolves when it is durable: what was resolved survives the death of any process and a power
   * cut. Rejects with a RelayError when the state refused it or the disk is full (`storage_full`): then nothing of it was
   * written. Or when the storage failed (`storage_failed`): then nobody knows whether it was applied, as after a crash before
   * the answer, and sending it again with the same id is safe. Commands are applied in the order of these calls.
   */
  submit<C extends Command>(command: C): Promise<Applied<C>>;

  /**
   * As `submit`, but nobody is in a hurry: it rides along with the next command, or is written within 5 ms. A crash
   * may lose the last of these, which costs a redelivery.
   */
  post<C extends Command>(command: C): Promise<Applied<C>>;

  /** Tells what durable commands meant, in their order, before their `submit` resolves. Returns the way to stop. */
  onEffects(listener: (effects: readonly Effect[]) => void): () => void;

  /** Finishes what was submitted; later submits reject with `shutting_down`. May be called twice. */
  close(): Promise<void>;
}

/**
 * How long a posted command may wait for company, milliseconds: where much is going on, and where it is quiet. There the next
 * command is long in coming, and would only wait longer itself.
 */
export const RIDE_ALONG = { busy: 5, quiet: 2 } as const;
