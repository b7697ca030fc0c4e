/** How often a fault is tried: a count for every submission, one for `--long`, and few for a planted bug, which shows at once. */
export interface Counts {
  readonly ci: number;
  readonly long: number;
  /** Enough for a planted bug to be caught. Without it, as many as in CI. */
  readonly planted?: number;
}

export const IS_LONG = process.env['FAULTS'] === 'long';
/** What can go on for any time ends after so many minutes, when that was asked for. */
export const MINUTES = Number(process.env['FAULTS_MINUTES']) || undefined;
/** The name of the bug that was planted into the sources for this run, if one was. */
export const PLANTED = process.env['FAULTS_PLANT'] || undefined;

export function times({ ci, long, planted }: Counts): number {
  if (PLANTED !== undefined) return planted ?? ci;
  return IS_LONG ? long : ci;
}
