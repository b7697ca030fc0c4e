/**
 * `<home>/installed.json`: which files of agent programs have something of ours, and what undoing it needs. Without it our
 * entries are found all the same; only an empty object that we made around them would stay.
 */

import { Failure } from '../../util/failure.ts';
import { readPrivate, writeAtomic } from '../../util/files.ts';
import type { Inside, Path, Undo } from './edit.ts';

export interface Installed {
  readonly program: string;
  readonly role: string;
  readonly path: string;
  /** Directories that were made for the file, the outermost first. */
  readonly dirs: readonly string[];
  readonly undo: Undo;
}

export function readRecord(path: string): readonly Installed[] {
  const text = readPrivate(path);
  if (text === undefined) return [];
  const files = decode(text);
  if (files !== undefined) return files;
  throw new Failure(
    'error',
    `${path} cannot be read.`,
    'Move it away; then install and uninstall go by what they find.',
  );
}

export function writeRecord(path: string, files: readonly Installed[]): void {
  writeAtomic(path, `${JSON.stringify({ version: 1, files }, undefined, 2)}\n`);
}

/** Undefined when it is no record. */
function decode(text: string): readonly Installed[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { files } = fieldsOf(value);
  return Array.isArray(files) && files.every(isInstalled) ? files : undefined;
}

function isInstalled(value: unknown): value is Installed {
  const { program, role, path, dirs, undo } = fieldsOf(value);
  return [program, role, path].every((each) => typeof each === 'string') && isPath(dirs) && isUndo(undo);
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

function fieldsOf(value: unknown): { readonly [name: string]: unknown } {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
