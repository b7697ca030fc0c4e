/**
 * One setting of `config.json`, put there by us and taken out again: every other byte stays what it is. What the file was is kept, so
 * that it comes back as a whole; when somebody has changed it meanwhile, only ours is taken out.
 */
import { lstatSync, rmSync } from 'node:fs';
import { applyEdits, modify, parse } from 'jsonc-parser';
import { readPrivate, replaceAtomic } from '../util/files.ts';
import { statePaths } from './paths.ts';

export interface ConfigChange {
  /** The text before; absent when there was no file. */
  readonly before?: string;
  readonly written: string;
}

const LAYOUT = { formattingOptions: { insertSpaces: true, tabSize: 2, eol: '\n' } } as const;

/** What would be written; nothing is. The file is valid: the settings have been read from it. */
export function relayUrlChange(home: string, url: string): ConfigChange {
  const before = textOf(home);
  if (before === undefined) return { written: `${JSON.stringify({ relayUrl: url }, undefined, 2)}\n` };
  return { before, written: withRelayUrl(before, url) };
}

/** The directory must exist. */
export function applyChange(home: string, { written }: ConfigChange): void {
  if (textOf(home) !== written) write(home, written);
}

export function isApplied(home: string, { written }: ConfigChange): boolean {
  return textOf(home) === written;
}

/** May be called twice. */
export function undoChange(home: string, { before, written }: ConfigChange): void {
  const now = textOf(home);
  if (now === undefined || now === before) return;
  if (now !== written) {
    const had: unknown = before === undefined ? undefined : parse(before).relayUrl;
    if (parse(now).relayUrl === parse(written).relayUrl) write(home, withRelayUrl(now, had));
    return;
  }
  if (before === undefined) rmSync(statePaths(home).config);
  else write(home, before);
}

/** `undefined` takes it out. */
function withRelayUrl(text: string, value: unknown): string {
  return applyEdits(text, modify(text, ['relayUrl'], value, LAYOUT));
}

function textOf(home: string): string | undefined {
  return readPrivate(statePaths(home).config, { readable: true });
}

/** People make this file by hand: whose it is and what it may stay the same. */
function write(home: string, text: string): void {
  const path = statePaths(home).config;
  replaceAtomic(path, text, lstatSync(path, { throwIfNoEntry: false }));
}
