/** Where a program is, as the PATH says: services need the whole path. */
import { accessSync, constants, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';

/** Undefined when no directory of PATH has it. Relative entries are left out: they mean another place tomorrow. */
export function which(program: string, path: string | undefined): string | undefined {
  const folders = (path ?? '').split(':').filter((folder) => isAbsolute(folder));
  return folders.map((folder) => join(folder, program)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    // Not there, or not ours to run: either way not the one.
    return false;
  }
}
