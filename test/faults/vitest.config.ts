import { defineConfig } from 'vitest/config';
import { IS_LONG, PLANTED } from './support/counts.ts';
import { plantPlugin } from './support/planting.ts';

/** The promises, each proven by fault. Long tests with processes of their own; two at a time fill two cores. */
export default defineConfig({
  plugins: PLANTED === undefined ? [] : [plantPlugin(PLANTED)],
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/faults/**/*.fault.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: IS_LONG ? 24 * 3_600_000 : 600_000,
    hookTimeout: 120_000,
    setupFiles: ['test/support/each-file.ts'],
  },
});
