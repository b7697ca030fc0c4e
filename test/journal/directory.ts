/** A directory of one test. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export async function temporary(): Promise<{ dir: string; remove(): Promise<void> }> {
  const base = await mkdtemp(join(tmpdir(), 'relay-journal-'));
  return { dir: join(base, 'data'), remove: () => rm(base, { recursive: true, force: true }) };
}
