/**
 * `<home>/installed.json`: which files of agent programs have something of ours, and what undoing it needs. Without it our
 * entries are found all the same; only an empty object that we made around them would stay.
 */

import { Failure } from '../../util/failure.ts';
import { fieldsOf } from '../../util/fields.ts';
import { readPrivate, writeAtomic } from '../../util/files.ts';
import type { Inside, Path, Undo } from './edit.ts';

export interface Installed {
  readonly program: string;
  readonly role: string;
  readonly path: string;
  readonly undo: Undo;
}

export interface Record {
  readonly files: readonly Installed[];
  /** Directories that were made for files, of any program: several may have one in common. */
  readonly dirs: readonly string[];
}

export function readRecord(path: string): Record {
  const text = readPrivate(path);
  if (text === undefined) return { files: [], dirs: [] };
  const record = decode(text);
  if (record !== undefined) return record;
  throw new Failure(
    'error',
    `${path} cannot be read.`,
    'Move it away; then install and uninstall go by what they find.',
  );
}

export function writeRecord(path: string, { files, dirs }: Record): void {
  writeAtomic(path, `${JSON.stringify({ version: 1, files, dirs }, undefined, 2)}\n`);
}

/** Undefined when it is no record. */
function decode(text: string): Record | undefined {
  try {
    const { files, dirs } = fieldsOf(JSON.parse(text));
    return Array.isArray(files) && files.every(isInstalled) && isPath(dirs) ? { files, dirs } : undefined;
  } catch {
    return undefined;
  }
}

function isInstalled(value: unknown): value is Installed {
  const { program, role, path, undo } = fieldsOf(value);
  return [program, role, path].every((each) => typeof each === 'string') && isUndo(undo);
}

function isUndo(value: unknown): value is Undo {
  if (typeof value !== 'object' || value === null) return false;
  const { made, blank, containers, inside, rules } = fieldsOf(value);
  return (
    (made === undefined || typeof made === 'boolean') &&
    (blank === undefined || typeof blank === 'string') &&
    (containers === undefined || (Array.isArray(containers) && containers.every(isPath))) &&
    (inside === undefined || (Array.isArray(inside) && inside.every(isInside))) &&
    (rules === undefined || isPath(rules))
  );
}

function isInside(value: unknown): value is Inside {
  const { path, text } = fieldsOf(value);
  return isPath(path) && typeof text === 'string';
}

function isPath(value: unknown): value is Path {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}
