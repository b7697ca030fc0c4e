/** Which agent programs are here, as `scripts/programs.mjs` found or installed them. */
import { readFileSync } from 'node:fs';
import { beforeEach } from 'vitest';
import type { Manifest, Ready } from '../../scripts/programs.mjs';

export type ProgramName = 'claude-code' | 'codex' | 'opencode' | 'copilot' | 'gemini';

declare module 'vitest' {
  interface TaskMeta {
    /** Why the test was skipped, for the sum at the end. */
    why?: string;
  }
}

const file = process.env['RELAY_TEST_PROGRAMS'];
const manifest: Manifest = file === undefined ? {} : JSON.parse(readFileSync(file, 'utf8'));

/** Skips every test of the file where one of these is not to be had, and says why. */
export function needsPrograms(...names: readonly ProgramName[]): void {
  beforeEach(({ task, skip }) => {
    const why = names.map(missing).find((reason) => reason !== undefined);
    if (why === undefined) return;
    task.meta.why = why;
    skip(why);
  });
}

function missing(name: ProgramName): string | undefined {
  const entry = manifest[name];
  if (entry === undefined) return `${name}: run by npm run test:programs`;
  return 'why' in entry ? entry.why : undefined;
}

/** How a program is started: file and first arguments. */
export function program(name: ProgramName): Ready {
  const entry = manifest[name];
  if (entry === undefined || 'why' in entry) throw new Error(`${name} is not here; say needsPrograms('${name}').`);
  return entry;
}
