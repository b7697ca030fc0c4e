/**
 * The edit for JSON files: members of an object (an MCP server), hooks in lists, and single values of a list. What is ours
 * is known by its shape (`own-command.ts`), so that it is found again after the user moved or changed it.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Node } from 'jsonc-parser';
import { Failure } from '../../util/failure.ts';
import { behindMark, type Edit, joined, type Path, type Put, type Undo } from './edit.ts';
import { JsonDocument, memberIndex } from './json-document.ts';
import { type Dialect, memberValue, plainValue } from './json-text.ts';

export type JsonObject = { readonly [name: string]: unknown };

/** One thing of ours in the document. */
export interface JsonEntry {
  put(document: JsonDocument, file: string): void;
  take(document: JsonDocument, undo: Undo | undefined): void;
}

interface JsonEditInput {
  readonly dialect: Dialect;
  /** What a file that is not there yet begins with. */
  readonly seed?: JsonObject;
  readonly entries: readonly JsonEntry[];
}

export function jsonEdit(input: JsonEditInput): Edit {
  const edit = plainEdit(input);
  return input.dialect.mark ? behindMark(edit) : edit;
}

function plainEdit({ dialect, seed = {}, entries }: JsonEditInput): Edit {
  return {
    put(before, file, undo): Put {
      const isBlank = before === undefined || before.trim() === '';
      const start = isBlank ? `${JSON.stringify(seed, undefined, 2)}\n` : before;
      // What an earlier put remembered holds only while something of it is left.
      const known = isBlank || taken(start, file, undo) === start ? undefined : undo;
      const document = new JsonDocument(start, dialect, file);
      for (const entry of entries) entry.put(document, file);
      const added: Undo = { ...document.undo, ...blankness(before) };
      return { text: document.text, undo: joined(known, added) };
    },
    take(text, file, undo) {
      if (text.trim() === '') return text;
      const rest = taken(text, file, undo);
      if (rest === text || (undo?.made !== true && undo?.blank === undefined)) return rest;
      return new JsonDocument(rest, dialect, file).isJust(seed) ? undo.blank : rest;
    },
  };

  function taken(text: string, file: string, undo?: Undo): string {
    const document = new JsonDocument(text, dialect, file, undo);
    for (const entry of [...entries].reverse()) entry.take(document, undo);
    if (document.text !== text) document.removeOwnContainers();
    return document.text;
  }
}

function blankness(before: string | undefined): Undo {
  if (before === undefined) return { made: true };
  return before.trim() === '' ? { blank: before } : {};
}

interface MemberInput {
  readonly path: Path;
  readonly name: string;
  /** Answers what is wanted; is given what is there, to keep what the user added to it. */
  readonly value: (there?: unknown) => JsonObject;
  readonly isOurs: (there: unknown) => boolean;
}

/** A member of an object. One that is there and ours gets the wanted members, and keeps its others. */
export function member({ path, name, value, isOurs }: MemberInput): JsonEntry {
  const find = (document: JsonDocument): Node | undefined => {
    const container = document.container(path, 'object');
    return container && memberValue(container, name);
  };
  return {
    put(document, file) {
      const node = find(document);
      if (node === undefined) return document.add(path, name, value());
      const there: unknown = plainValue(node);
      if (!isOurs(there)) throw notOurs(`"${[...path, name].join('.')}"`, file, document.where(node));
      for (const [key, wanted] of Object.entries(value(there))) {
        const now = document.container([...path, name], 'object');
        const old = now && memberValue(now, key);
        if (old === undefined) document.add([...path, name], key, wanted);
        else if (!isDeepStrictEqual(plainValue(old), wanted)) document.replace(old, wanted);
      }
    },
    take(document) {
      const node = find(document);
      const container = document.container(path, 'object');
      if (node === undefined || container === undefined || !isOurs(plainValue(node))) return;
      document.remove(container, memberIndex(container, name), path);
    },
  };
}

export function notOurs(what: string, file: string, where: string): Failure {
  return new Failure(
    'error',
    `${what} in ${file} is something else than claude-relay (${where}).`,
    'Give it another name, or take it out; nothing was written.',
  );
}

/** A single value of a list, such as a permission rule. Taken out only if it was put there by us. */
export function rule(path: Path, value: string, isWanted = true): JsonEntry {
  return {
    put(document) {
      if (!isWanted) return;
      const list = document.container(path, 'array');
      if (list?.children?.some((node) => node.value === value)) return;
      document.append(path, value);
      document.rules.push(value);
    },
    take(document, undo) {
      const list = document.container(path, 'array');
      const index = list?.children?.findLastIndex((node) => node.value === value) ?? -1;
      if (list !== undefined && index >= 0 && undo?.rules?.includes(value)) document.remove(list, index, path);
    },
  };
}
