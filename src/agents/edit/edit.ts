/**
 * How one configuration file of an agent program gets our entries, and loses them again. An edit knows text only: where
 * the file lies, its bytes, its backup are the business of `transaction.ts`.
 *
 *     before ──put──→ text with ours, and an Undo ──take──→ before, byte for byte
 *
 * Whatever the user changes in between stays changed; `take` removes our entries alone. The plan runs both before a file
 * is written, so nothing is put that could not be taken out again.
 */

/** What cannot be read off the text with our entries in it. Kept in the state directory; plain JSON. */
export interface Undo {
  /** There was no file: it goes when nothing of anybody else's is left in it. */
  readonly made?: boolean;
  /** The whole text, when it was white space only. */
  readonly blank?: string;
  /** Objects and lists that we made around our entries: they go when they are empty again. */
  readonly containers?: readonly Path[];
  /** The white space inside objects and lists that were empty before we came. */
  readonly inside?: readonly Inside[];
  /** Single values of a list (`rule` entries) that were not there before. */
  readonly rules?: readonly string[];
}

/** Names of members, from the top of the document. */
export type Path = readonly string[];

export interface Inside {
  readonly path: Path;
  readonly text: string;
}

export interface Put {
  readonly text: string;
  readonly undo: Undo;
}

export interface Edit {
  /**
   * Adds our entries, or brings those that are there up to date; the same text when there is nothing to do. `undo` is what an
   * earlier put of this file answered. Throws a Failure, with line and column, for text that is broken or has other
   * things in our place.
   */
  put(before: string | undefined, file: string, undo?: Undo): Put;
  /** Takes our entries out; undefined when the file should go. Throws as `put` does. */
  take(text: string, file: string, undo?: Undo): string | undefined;
}

const MARK = '\ufeff';

/** The same edit for a file that may begin with a byte order mark, which stays where it is. */
export function behindMark(edit: Edit): Edit {
  const split = (text: string): readonly [mark: string, rest: string] =>
    text.startsWith(MARK) && text !== MARK ? [MARK, text.slice(1)] : ['', text];
  return {
    put(before, file, undo) {
      if (before === undefined) return edit.put(before, file, undo);
      const [mark, rest] = split(before);
      const put = edit.put(rest, file, undo);
      return { ...put, text: mark + put.text };
    },
    take(text, file, undo) {
      const [mark, rest] = split(text);
      const taken = edit.take(rest, file, undo);
      return taken === undefined ? undefined : mark + taken;
    },
  };
}

/** `new` after `old`: for a file that had part of our entries already. */
export function joined(old: Undo = {}, added: Undo): Undo {
  const { made = added.made, blank = added.blank } = old;
  const inside = new Map([...(added.inside ?? []), ...(old.inside ?? [])].map((each) => [key(each.path), each]));
  const containers = new Map([...(old.containers ?? []), ...(added.containers ?? [])].map((path) => [key(path), path]));
  const rules = new Set([...(old.rules ?? []), ...(added.rules ?? [])]);
  return {
    ...(made && { made }),
    ...(blank !== undefined && { blank }),
    ...(containers.size > 0 && { containers: [...containers.values()] }),
    ...(inside.size > 0 && { inside: [...inside.values()] }),
    ...(rules.size > 0 && { rules: [...rules] }),
  };
}

const key = (path: Path): string => JSON.stringify(path);
