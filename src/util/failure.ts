/**
 * An error for whoever started the program: what happened in one sentence, what to do next, and the exit code. Errors
 * that travel over the wire are RelayErrors; this is for what goes wrong on this machine, before or beside the wire.
 */

/** Documented in the README; scripts branch on these, never on text. */
export const EXIT = {
  ok: 0,
  error: 1,
  usage: 2,
  unreachable: 3,
  refused: 4,
  nothing: 5,
  /** EX_DATAERR of sysexits.h: the relay's data cannot be used, and starting again will not mend them. */
  damaged: 65,
  /** EX_CONFIG of sysexits.h: the configuration is unsafe, and starting again will not mend it. */
  unsafe: 78,
  /** Ended by Ctrl-C, and by SIGTERM: the codes that shells give to these signals. */
  interrupted: 130,
  terminated: 143,
} as const;

export type FailureKind = Exclude<keyof typeof EXIT, 'ok'>;

export class Failure extends Error {
  readonly kind: FailureKind;
  /** What to do next, in one sentence or one command line. */
  readonly remedy: string | undefined;

  constructor(kind: FailureKind, message: string, remedy?: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'Failure';
    this.kind = kind;
    this.remedy = remedy;
  }

  get exit(): number {
    return EXIT[this.kind];
  }
}

/** The `code` of a system error (`ENOENT`), or undefined for anything else that was thrown. */
export function errno(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** What this process or machine is short of for a moment. */
const SHORTAGES: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN']);

/** Is it no fault of the file that was to be read? It can be read later. */
export function isShortage(error: unknown): boolean {
  return SHORTAGES.has(errno(error) ?? '');
}

/** The text of anything thrown. */
export function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
