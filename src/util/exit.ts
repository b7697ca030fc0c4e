/** An error that ends the process: one sentence for stderr, saying what to do, and the exit code. */
export class ExitError extends Error {
  readonly exitCode: number;

  constructor(exitCode: number, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'ExitError';
    this.exitCode = exitCode;
  }
}

/** EX_CONFIG of sysexits.h: what was asked for is unsafe, and trying again will not help. */
export const UNSAFE = 78;
