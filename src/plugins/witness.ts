/**
 * Which of the envelopes that were put in have been read, as far as the program shows it:
 *
 *     expected ──its id in a request to the model──→ asked ──the model answers──→ read
 *
 * An id is unique, so it does not matter in which words the program passes it on.
 */

/** Ids; when there are more, the oldest are not looked for any more. */
const MOST = 1_000;

export class Witness {
  /** Id → the conversation in whose request it stands; undefined while it stands in none. */
  readonly #ids = new Map<string, string | undefined>();

  /** Nothing is looked for: texts need not be gathered. */
  get isIdle(): boolean {
    return this.#ids.size === 0;
  }

  expect(ids: readonly string[]): void {
    for (const id of ids) this.#ids.set(id, undefined);
    for (const id of this.#ids.keys()) {
      if (this.#ids.size <= MOST) return;
      this.#ids.delete(id);
    }
  }

  /** The program has not taken them. */
  forget(ids: readonly string[]): void {
    for (const id of ids) this.#ids.delete(id);
  }

  /** Is it ours that stands in this text? */
  knows(text: string): boolean {
    for (const id of this.#ids.keys()) if (text.includes(id)) return true;
    return false;
  }

  /** A request that holds these texts is about to be made in that conversation. */
  asked(conversation: string, texts: Iterable<string>): void {
    for (const text of texts) for (const id of this.#ids.keys()) if (text.includes(id)) this.#ids.set(id, conversation);
  }

  /** The model answers there. Returns what it has read by that, once. */
  answered(conversation: string): readonly string[] {
    const read = [...this.#ids].filter(([, where]) => where === conversation).map(([id]) => id);
    this.forget(read);
    return read;
  }
}
