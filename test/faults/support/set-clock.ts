/** The clock of one program, which a test sets while it runs: `libfaketime`. How long something takes stays true. Needs Linux. */
import { existsSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEveryTest } from '../../support/cleanup.ts';
import { tempDir } from '../../support/temp-dir.ts';

const SHARED = '/dev/shm';

// A process that is killed leaves there what libfaketime shares with those that it would have started.
afterEveryTest(() => {
  for (const name of readdirSync(SHARED)) {
    const [, pid] = /^(?:faketime_shm|sem\.faketime_sem)_(\d+)$/.exec(name) ?? [];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) rmSync(join(SHARED, name), { force: true });
  }
});

export class SetClock {
  readonly #file = join(tempDir(), 'clock');

  constructor(setting = '+0') {
    this.set(setting);
  }

  /** The loader knows what `$LIB` is here. */
  get env(): Readonly<Record<string, string>> {
    return {
      LD_PRELOAD: '/usr/$LIB/faketime/libfaketimeMT.so.1',
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      TZ: 'UTC',
    };
  }

  /** `+1d`: so much ahead; `-90m`: behind; a time as `stoppedAt` gives it: there it stands. At once. */
  set(setting: string): void {
    writeFileSync(`${this.#file}.new`, `${setting}\n`);
    renameSync(`${this.#file}.new`, this.#file);
  }
}

/** Milliseconds since 1970. */
export function stoppedAt(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
}
