/**
 * What was given to an agent program and has no sign yet that it was read, on disk: `<dir>/<NAME>.json`. A process that is
 * killed leaves it to the next one of its name, which gives again, marked, what the conversation does not hold.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Envelope } from '../protocol/envelope.ts';
import { ensurePrivateDir, readPrivate, writeAtomic } from '../util/files.ts';

/** Through what it was given. `answer`: a tool call asked for it. */
export type Way = 'door' | 'hook' | 'answer';

export interface Entry {
  readonly envelope: Envelope;
  readonly way: Way;
  /** As peers are told: `inbox socket`. */
  readonly door: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** How often it was given. */
  readonly times: number;
}

interface Kept {
  /** Of the relay's data: other positions, other envelopes. */
  readonly epoch: string;
  readonly entries: readonly Entry[];
}

export class LedgerStore {
  readonly #dir: string;
  readonly #onError: (error: unknown) => void;

  /** `dir`: `<home>/ledger`. `onError`: the disk did not take it; what is lost with it is only that a redelivery is marked. */
  constructor(dir: string, onError: (error: unknown) => void) {
    this.#dir = dir;
    this.#onError = onError;
  }

  /** Durable when it returns. */
  save(name: string, epoch: string, entries: readonly Entry[]): void {
    try {
      if (entries.length === 0) return rmSync(this.#path(name), { force: true });
      ensurePrivateDir(this.#dir);
      const kept: Kept & { readonly name: string } = { name, epoch, entries };
      writeAtomic(this.#path(name), `${JSON.stringify(kept)}\n`);
    } catch (error) {
      this.#onError(error);
    }
  }

  /** What an earlier process left under that name. Nothing of another epoch, and nothing that cannot be read. */
  load(name: string, epoch: string): readonly Entry[] {
    try {
      const text = readPrivate(this.#path(name));
      if (text === undefined) return [];
      const { name: whose, epoch: then, entries } = JSON.parse(text) as Partial<Kept> & { name?: unknown };
      return whose === name && then === epoch && Array.isArray(entries) ? entries.filter(isEntry) : [];
    } catch (error) {
      this.#onError(error);
      return [];
    }
  }

  #path(name: string): string {
    return join(this.#dir, `${name}.json`);
  }
}

function isEntry(value: unknown): value is Entry {
  if (typeof value !== 'object' || value === null) return false;
  const { envelope, way, door, at, times }: Partial<Record<keyof Entry, unknown>> = value;
  if (typeof envelope !== 'object' || envelope === null) return false;
  const { id, position, from, to, body }: Partial<Record<keyof Envelope, unknown>> = envelope;
  const isEnvelope = [id, from, body].every((text) => typeof text === 'string') && typeof position === 'number';
  const isOurs = way === 'door' || way === 'hook' || way === 'answer';
  return isEnvelope && Array.isArray(to) && isOurs && typeof door === 'string' && [at, times].every(Number.isFinite);
}
