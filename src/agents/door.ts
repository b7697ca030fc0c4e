/**
 * One way of getting text into one running session of an agent program. `test/contract/door.ts` runs over every one.
 *
 * A door promises little: `handed` says that the text was written to the program, not that a model has read it. Whether it
 * was read is a matter of evidence (`evidence.ts`), and a door that gave nothing to be seen is not tried twice in a row.
 */
export interface Door {
  /** As peers are told, and the log: `inbox socket`. */
  readonly name: string;
  /** Text that is urgent and given to a program at work is read between two tool calls, not at the end of the turn. */
  readonly interrupts: boolean;
  /** May it be tried now? Cheap: asked at every message. */
  isOpen(): boolean;
  /** Why it is not open, for people, where it knows. */
  readonly closed?: string | undefined;
  /** Puts the parcel before the program. Never rejects, and ends within `DOOR_PATIENCE`. */
  give(parcel: Parcel): Promise<Given>;
}

/** One envelope, or several put together: all that goes in at once. */
export interface Parcel {
  /** What the model will read. Wrapped: it says who wrote it, and no body can forge or close the wrapper. */
  readonly text: string;
  /** Of the envelopes in it, oldest first; each of them occurs in the text. */
  readonly ids: readonly string[];
  /** Its author, for programs that show one; of several, the relay. */
  readonly from: string;
  readonly urgent: boolean;
}

export type Given =
  | { readonly outcome: 'handed' }
  /** `held`: the program has it and waits for its person. `refused`: it will not take it. `failed`: the door did not work. */
  | {
      readonly outcome: 'held' | 'refused' | 'failed';
      readonly reason: string;
      /** It may have got in all the same: given again, it is marked. */
      readonly isDoubtful?: true;
    };

/** How long one door may take, milliseconds. */
export const DOOR_PATIENCE = 5_000;

export const HANDED: Given = { outcome: 'handed' };

export function failed(reason: string): Given {
  return { outcome: 'failed', reason };
}

/** It went, and nobody says what became of it. */
export function doubtful(reason: string): Given {
  return { outcome: 'failed', reason, isDoubtful: true };
}
