/** Typed events of one owner. A listener that throws disturbs neither the owner nor the other listeners. */
export class Emitter<Events extends object> {
  readonly #listeners = new Map<keyof Events, Set<(value: never) => void>>();
  readonly #onFailure: (event: string, error: unknown) => void;

  /** `onFailure` hears what a listener threw: for the log, since nobody else can do anything about it. */
  constructor(onFailure: (event: string, error: unknown) => void = () => {}) {
    this.#onFailure = onFailure;
  }

  /** Calls at every such event, in order of registration. Returns the way to stop. */
  on<E extends keyof Events>(event: E, listener: (value: Events[E]) => void): () => void {
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners);
    const entry = (value: Events[E]) => listener(value);
    listeners.add(entry);
    return () => listeners.delete(entry);
  }

  emit<E extends keyof Events>(event: E, value: Events[E]): void {
    for (const listener of [...(this.#listeners.get(event) ?? [])]) {
      try {
        listener(value as never);
      } catch (error) {
        this.#onFailure(String(event), error);
      }
    }
  }
}
