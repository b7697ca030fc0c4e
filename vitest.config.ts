import { defineConfig } from 'vitest/config';

/**
 * They change what other files would see: a mocked module, the umask, a variable, a spy on the process. Each has a process of its
 * own. The others share theirs, file after file: that saves loading the sources anew for each, a third of all the time.
 */
const ALONE = [
  'test/client/outbox-read.test.ts',
  'test/e2e/**/*.test.ts',
  'test/http/watchers.test.ts',
  'test/journal/disk-log.test.ts',
  'test/journal/open.test.ts',
  'test/programs/*.test.ts',
  'test/relay/brakes-of-others.test.ts',
  'test/relay/held.test.ts',
  'test/relay/limits.test.ts',
  'test/serve/start.test.ts',
  'test/serve/token.test.ts',
  'test/state/hold.test.ts',
  'test/util/clock.test.ts',
  'test/util/files.test.ts',
];

export default defineConfig({
  test: {
    // Forks, not threads: the SQLite addon and process signals belong to one process each.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 20_000,
    setupFiles: ['test/support/each-file.ts'],
    projects: [
      { extends: true, test: { name: 'together', include: ['test/**/*.test.ts'], exclude: ALONE, isolate: false } },
      { extends: true, test: { name: 'alone', include: ALONE } },
    ],
  },
});
