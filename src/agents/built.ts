/** Files that our build made for an agent program to load: copied to where it looks for them, so that they outlive this directory. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../util/failure.ts';
import type { FilePlan } from './edit/file-plan.ts';
import { ownedFile } from './edit/owned.ts';
import type { Machine } from './installer.ts';

const HEADER = '// Written by claude-relay install, replaced by it, removed by claude-relay uninstall.\n';

/** `name` is that of a file in `dist`. */
export function builtFile({ dist }: Machine, name: string): Pick<FilePlan, 'edit' | 'source'> {
  const source = join(dist, name);
  const edit = ownedFile({ content: () => HEADER + read(source), isOurs: (text) => text.startsWith(HEADER) });
  return { edit, source };
}

function read(path: string): string {
  if (existsSync(path)) return readFileSync(path, 'utf8');
  throw new Failure(
    'error',
    `This build of claude-relay has no ${path}.`,
    'Build it again (npm run build), or install a released version.',
  );
}
