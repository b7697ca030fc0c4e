/** The relay as HTTP sees it, scripted by a test: what each verb answers, and what was asked. */
import type { Caller, RelayFace } from '../../src/http/relay-face.ts';
import { RelayError } from '../../src/protocol/codes.ts';
import type { Log } from '../../src/relay/log.ts';
import type { PruneOptions } from '../../src/relay/upkeep.ts';

export interface Asked {
  readonly verb: string;
  readonly args: unknown;
  readonly caller: Caller;
  readonly signal: AbortSignal | undefined;
}

export class FakeRelay implements RelayFace {
  readonly asked: Asked[] = [];
  readonly counters = new Map<string, number>();
  gauges: Record<string, number> = {};
  ready = true;
  answer: (asked: Asked) => unknown = ({ verb, args, caller }) => ({ verb, args, caller });
  readonly #listeners = new Map<string, Set<() => void>>();
  #onAsked: (() => void) | undefined;
  /** Who entered, and what they wait for. */
  readonly entered: Caller[] = [];
  entering: Promise<void> = Promise.resolve();

  async enter(caller: Caller): Promise<void> {
    this.entered.push(caller);
    await this.entering;
  }

  async perform(verb: string, args: unknown, caller: Caller, signal?: AbortSignal): Promise<unknown> {
    const asked = { verb, args, caller, signal };
    this.asked.push(asked);
    this.#onAsked?.();
    return await this.answer(asked);
  }

  /** Resolves when the next request has come. */
  nextAsked(): Promise<void> {
    return new Promise((resolve) => {
      this.#onAsked = resolve;
    });
  }

  onMail({ name = '' }: Caller, listener: () => void): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  mail(name: string): void {
    for (const listener of this.#listeners.get(name) ?? []) listener();
  }

  listening(name: string): number {
    return this.#listeners.get(name)?.size ?? 0;
  }

  administers(): boolean {
    return true;
  }

  readonly pruned: PruneOptions[] = [];

  async prune(options: PruneOptions): Promise<number> {
    this.pruned.push(options);
    return 7;
  }

  counts(): Readonly<Record<string, number>> {
    return this.gauges;
  }
}

/** Answers when the signal aborts, as a waiting `receive` does. */
export function untilAborted({ signal }: Asked): Promise<never> {
  return new Promise((_resolve, reject) => {
    const stop = () => reject(new RelayError('timeout', 'The caller went away.'));
    if (signal?.aborted) stop();
    else signal?.addEventListener('abort', stop, { once: true });
  });
}

export interface LogLine {
  readonly level: keyof Log;
  readonly fields: object;
  readonly message: string;
}

/** A log that a test can read. */
export function memoryLog(): Log & { readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  const at = (level: keyof Log) => (fields: object, message: string) => void lines.push({ level, fields, message });
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
