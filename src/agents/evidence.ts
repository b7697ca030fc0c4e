/**
 * What a program's own record of its conversation says of an envelope, found by its id.
 *
 *     (nothing) ──→ queued ──→ seen ──→ answered   queued: the program has it and has not shown it to the model yet
 *          └──────→ held                           held: its policy keeps it back until its person decides
 *                                                  answered: the model went on with it in its context
 *
 * A program that is killed between `seen` and `answered` has the text, and does nothing about it.
 */
export type Evidence = 'queued' | 'held' | 'seen' | 'answered';

/** Reading that fails finds nothing: neither call throws. */
export interface Transcript {
  /** The program's own setting that makes it `held`, by its name. */
  readonly policy?: string;
  /** Looks for these from now on; what was appended before is not searched, unless it asks for `past`. */
  watch(ids: readonly string[], options?: { readonly past?: boolean }): void;
  /** Reads what was appended since, and answers what is known of the ids that are watched. Those that are answered are forgotten. */
  look(): ReadonlyMap<string, Evidence>;
}
