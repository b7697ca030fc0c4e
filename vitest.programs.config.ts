import { defineConfig } from 'vitest/config';

/** The tests that drive real agent programs: `npm run test:programs`, in the sandbox that `scripts/programs.mjs` makes. */
export default defineConfig({
  test: {
    include: ['test/programs/**/*.program.ts'],
    pool: 'forks',
    // One after the other: what is measured is one program, not how they share a machine.
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 60_000,
    setupFiles: ['test/support/each-file.ts', 'test/programs/each-file.ts'],
  },
});
