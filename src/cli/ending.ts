/** What ends a command from outside: a signal, or a stdout that takes nothing more. */
import { fstatSync, writeFileSync } from 'node:fs';
import { EXIT, Failure } from '../util/failure.ts';
import { unwritable } from './new-file.ts';
import { Output, type Sink } from './output.ts';

const SIGNALS = { SIGINT: 'interrupted', SIGTERM: 'terminated' } as const;

/** Node's own stream for a file writes once, and does not look at how much of it was taken. */
class FileSink implements Sink {
  readonly #fd: number;
  readonly #onError: (error: NodeJS.ErrnoException) => void;

  constructor(fd: number, onError: (error: NodeJS.ErrnoException) => void) {
    this.#fd = fd;
    this.#onError = onError;
  }

  write(text: string, done?: (error?: Error | null) => void): void {
    try {
      writeFileSync(this.#fd, text);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      this.#onError(error);
      done?.(error);
      return;
    }
    done?.();
  }
}

export class Ending {
  readonly stdout: Sink;
  readonly #process: NodeJS.Process;
  readonly #end = new AbortController();
  #stdoutError: unknown;

  constructor(process: NodeJS.Process) {
    this.#process = process;
    // The first signal ends what waits; the command says goodbye and answers. The second one is Node's: it ends the process.
    for (const [name, kind] of Object.entries(SIGNALS))
      process.once(name, () => this.#end.abort(new Failure(kind, `Ended by ${name}.`)));
    const onError = (error: NodeJS.ErrnoException) => this.#onStdoutError(error);
    process.stdout.on('error', onError);
    const { fd } = process.stdout;
    this.stdout = fstatSync(fd).isFile() ? new FileSink(fd, onError) : process.stdout;
  }

  get signal(): AbortSignal {
    return this.#end.signal;
  }

  /** The exit code, by that of the command: one that has not heard of its stdout has not written all that it should. */
  async judge(exit: number): Promise<number> {
    // A stream tells of its error a turn later.
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#stdoutError === undefined || exit !== EXIT.ok) return exit;
    return new Output(this.#process).fail(this.#stdoutError);
  }

  #onStdoutError(error: NodeJS.ErrnoException): void {
    // A reader that went away (`… | head -1`) is not our error; there is nobody left to tell anything.
    if (error.code === 'EPIPE') this.#process.exit(0);
    this.#stdoutError ??= unwritable(error, 'stdout');
    this.#end.abort(this.#stdoutError);
  }
}
