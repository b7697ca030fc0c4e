import { basename } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { IS_LONG, PLANTED } from './support/counts.ts';
import { plantPlugin } from './support/planting.ts';

/** These take longest, and begin: what ends last is short. */
const FIRST = ['r22', 'r21', 'r16', 'r14', 'r15', 'r07', 'r01', 'r12', 'r18', 'r13', 'r11'];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return [...files].sort((a, b) => placeOf(a) - placeOf(b));
  }
}

function placeOf({ moduleId }: TestSpecification): number {
  const place = FIRST.indexOf(basename(moduleId).slice(0, 3));
  return place < 0 ? FIRST.length : place;
}

/** The promises, each proven by fault. Long tests with processes of their own; two at a time fill two cores. */
export default defineConfig({
  plugins: PLANTED === undefined ? [] : [plantPlugin(PLANTED)],
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/faults/**/*.fault.ts'],
    pool: 'forks',
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    testTimeout: IS_LONG ? 24 * 3_600_000 : 600_000,
    hookTimeout: 120_000,
    setupFiles: ['test/support/each-file.ts'],
  },
});
