import { defineConfig } from 'vitest/config';

/** The threats, each proven by attack. What is measured is one relay's memory and answers: two files at a time fill two cores. */
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/security/**/*.security.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 60_000,
    setupFiles: ['test/support/each-file.ts'],
  },
});
