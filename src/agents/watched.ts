/** The ids that are looked for in a program's record of its conversation, and what was found of each. */
import type { Evidence } from './evidence.ts';
import { JsonlTail } from './jsonl-tail.ts';

/** How far back an earlier life of the conversation is searched, bytes. */
export const PAST = 8 * 1024 * 1024;

export class Watched {
  readonly #found = new Map<string, Evidence | undefined>();

  get isEmpty(): boolean {
    return this.#found.size === 0;
  }

  /** What was found of them before was of an earlier giving. */
  add(ids: readonly string[]): void {
    for (const id of ids) this.#found.set(id, undefined);
  }

  /** Those of them that a line names. */
  namedIn(line: string): readonly string[] {
    return [...this.#found.keys()].filter((id) => line.includes(id));
  }

  /** What was seen stays seen, until it is answered. */
  note(ids: Iterable<string>, evidence: Evidence): void {
    for (const id of ids) if (evidence === 'answered' || !isSeen(this.#found.get(id))) this.#found.set(id, evidence);
  }

  /** The model has said something: what is in the context is answered. */
  noteAnswer(): void {
    for (const [id, evidence] of this.#found) if (evidence === 'seen') this.#found.set(id, 'answered');
  }

  /** Those of which nothing was found so far. */
  get open(): readonly string[] {
    return [...this.#found].filter(([, evidence]) => evidence === undefined).map(([id]) => id);
  }

  /** What is known. Those that are answered are not looked for any more. */
  take(): ReadonlyMap<string, Evidence> {
    const found = new Map<string, Evidence>();
    for (const [id, evidence] of this.#found) {
      if (evidence === undefined) continue;
      found.set(id, evidence);
      if (evidence === 'answered') this.#found.delete(id);
    }
    return found;
  }
}

function isSeen(evidence: Evidence | undefined): boolean {
  return evidence === 'seen' || evidence === 'answered';
}

/** The last part of what a file held before it was followed. */
export function pastLines(path: string | undefined): readonly string[] {
  return path === undefined ? [] : new JsonlTail(path, PAST).lines();
}
