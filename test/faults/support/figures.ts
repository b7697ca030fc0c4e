/** The figures of a run, as `GUARANTEES.md` tells them: one JSON line a test, appended to the file that `scripts/faults.mjs` named. */
import { appendFileSync } from 'node:fs';
import { relative } from 'node:path';
import { expect } from 'vitest';
import { ROOT } from '../../../scripts/ensure.mjs';

export type Figures = Readonly<Record<string, number | string>>;

/** Called at the end of a test that has proved its promise: a test that failed has no figures. */
export function record(promise: string, figures: Figures): void {
  const to = process.env['FAULTS_FIGURES'];
  const { testPath = '', currentTestName: name = '' } = expect.getState();
  const file = relative(ROOT, testPath).replaceAll('\\', '/');
  if (to) appendFileSync(to, `${JSON.stringify({ promise, file, test: name.replace(' > ', ' '), figures })}\n`);
}
