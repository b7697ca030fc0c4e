/**
 * Whether a program is here, and which version. Read from where it lies: `--version` of some of them unpacks files, or
 * makes their directory in the user's home.
 */
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { which } from '../util/which.ts';
import type { Detected, Machine } from './installer.ts';

interface Traces {
  /** Names of its executable. */
  readonly commands: readonly string[];
  /** Names of the npm packages that it comes in, or their beginnings. */
  readonly packages?: readonly string[];
  /** Files or directories that it makes for its user. */
  readonly files: readonly string[];
}

export function findProgram({ env }: Machine, { commands, packages = [], files }: Traces): Detected | undefined {
  for (const command of commands) {
    const where = which(command, env.PATH);
    if (where !== undefined) return { where, ...versionAt(where, packages) };
  }
  const where = files.find((file) => existsSync(file));
  return where === undefined ? undefined : { where };
}

/** How far the executable of a package lies below its package.json, at most. */
const DEPTH = 4;

function versionAt(executable: string, packages: readonly string[]): { version?: string } {
  const real = realpathSync(executable);
  let dir = dirname(real);
  for (let i = 0; i < DEPTH; i += 1, dir = dirname(dir)) {
    const version = packageVersion(join(dir, 'package.json'), packages);
    if (version !== undefined) return { version };
  }
  // `…/versions/2.1.330`, `…/Cellar/codex/0.169.0/bin/codex`
  const inPath = real.split(/[\\/]/).findLast((part) => /^v?\d+\.\d+\.\d+$/.test(part));
  return inPath === undefined ? {} : { version: inPath.replace(/^v/, '') };
}

function packageVersion(path: string, packages: readonly string[]): string | undefined {
  try {
    const { name, version }: { name?: unknown; version?: unknown } = JSON.parse(readFileSync(path, 'utf8'));
    const isIts = typeof name === 'string' && packages.some((each) => name.startsWith(each));
    return isIts && typeof version === 'string' ? version : undefined;
  } catch {
    // Not there, or not a package's: it says nothing about a version.
    return undefined;
  }
}

/** A directory from the environment, or one in the user's home. Empty variables say nothing. */
export function directory({ env, userHome }: Machine, variable: string, ...otherwise: readonly string[]): string {
  return env[variable] || join(userHome, ...otherwise);
}
