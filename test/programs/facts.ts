/** What a test measured, for the table at the end of the run and for `--facts FILE`. Nothing is asserted by it. */
import { TestRunner } from 'vitest';
import type { Fact, FactValue } from '../../scripts/programs/outcome.mjs';

declare module 'vitest' {
  interface TaskMeta {
    facts?: Fact[];
  }
}

/** `about` is a program, or several; `what` has its unit in it. To be called within a test. */
export function fact(about: string, what: string, value: FactValue): void {
  const test = TestRunner.getCurrentTest();
  if (test === undefined) throw new Error('A fact belongs to a test.');
  test.meta.facts = [...(test.meta.facts ?? []), { about, what, value }];
}
