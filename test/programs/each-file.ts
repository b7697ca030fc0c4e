/** Run by vitest at the beginning of each file of program tests. */
import { afterEach } from 'vitest';
import { takeEvidence } from './evidence.ts';

// Registered after the general clean-up, and therefore run before it.
afterEach(({ task }) => {
  const told = takeEvidence();
  if (task.result?.state === 'fail') process.stderr.write(`${told.join('\n')}\n`);
});
