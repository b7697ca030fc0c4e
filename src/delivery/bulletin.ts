/** What the person of this session should know of, said to its model once, at its next turn or in its next answer. */

/** By what it is about: a later line about the same takes the place of an earlier one that nobody was told. */
export type Lines = ReadonlyMap<string, string>;

export class Bulletin {
  readonly #lines = new Map<string, string>();

  post(about: string, line: string): void {
    this.#lines.set(about, line);
  }

  /** What was not told yet. It is told now, or put back. */
  take(): Lines {
    const taken = new Map(this.#lines);
    this.#lines.clear();
    return taken;
  }

  /** It was not told. What was said of the same meanwhile stays. */
  putBack(lines: Lines): void {
    for (const [about, line] of lines) if (!this.#lines.has(about)) this.#lines.set(about, line);
  }
}
