/** The processes that `watch.mjs` was loaded into, as they told it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Sample } from './judge.ts';

const WATCH = fileURLToPath(new URL('./watch.mjs', import.meta.url));

export interface Trouble {
  /** `unhandledRejection`, `uncaughtException`, or the name of a warning. */
  readonly trouble: string;
  readonly what: string;
}

export class Watched {
  readonly #dir: string;
  readonly #sampleMs: number;

  /** The directory is for this alone. */
  constructor(dir: string, sampleMs: number) {
    this.#dir = dir;
    this.#sampleMs = sampleMs;
  }

  /** For a process that shall be watched; several may be called alike. */
  env(as: string): Record<string, string> {
    return {
      NODE_OPTIONS: `--import=${WATCH}`,
      SOAK_WATCH: this.#dir,
      SOAK_AS: as,
      SOAK_SAMPLE_MS: String(this.#sampleMs),
    };
  }

  /** Of all processes of that name: for one that lived all the time. */
  samples(as: string): Sample[] {
    return this.#lines(`${as}.`).flatMap((line) => ('heap' in line ? [line as Sample] : []));
  }

  /** Of all processes. */
  troubles(): Trouble[] {
    return this.#lines('').flatMap((line) => ('trouble' in line ? [line as Trouble] : []));
  }

  get processes(): number {
    return readdirSync(this.#dir).length;
  }

  #lines(prefix: string): object[] {
    const files = readdirSync(this.#dir).filter((name) => name.startsWith(prefix));
    const lines = files.flatMap((name) => readFileSync(join(this.#dir, name), 'utf8').split('\n'));
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line));
  }
}
