import { defineConfig } from 'vitest/config';

/** One test that takes as long as it was told to. What it says meanwhile is seen at once. */
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/soak/**/*.soak.ts'],
    pool: 'forks',
    hookTimeout: 120_000,
    disableConsoleIntercept: true,
    setupFiles: ['test/support/each-file.ts'],
  },
});
