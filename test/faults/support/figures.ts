/** The figures of a run, as `GUARANTEES.md` tells them: one JSON line a promise, appended to the file that `scripts/faults.mjs` named. */
import { appendFileSync } from 'node:fs';

export type Figures = Readonly<Record<string, number | string>>;

/** Called at the end of a test that has proved its promise: a test that failed has no figures. */
export function record(promise: string, figures: Figures): void {
  const file = process.env['FAULTS_FIGURES'];
  if (file) appendFileSync(file, `${JSON.stringify({ promise, figures })}\n`);
}
