/**
 * The edit for TOML files: tables at the end of the document, where they belong to nobody else. They begin behind the last
 * character that is no white space, so that a file without a final line break has none afterwards either.
 */
import { isDeepStrictEqual } from 'node:util';
import { Failure } from '../../util/failure.ts';
import { behindMark, type Edit, joined, type Path, type Put, type Undo } from './edit.ts';
import { type JsonObject, notOurs } from './json.ts';
import { position } from './json-text.ts';
import {
  checkToml,
  type Expression,
  expressions,
  readToml,
  type Section,
  sections,
  tomlKey,
  tomlValue,
} from './toml-text.ts';

export interface TomlTable {
  readonly path: Path;
  /** `[[path]]`: one of several; otherwise there can be only one, and its tables inside it are part of it. */
  readonly isArray?: boolean;
  /** Answers what is wanted; is given what is there, to keep what the user added to it. */
  readonly value: (there?: unknown) => JsonObject;
  readonly isOurs: (there: unknown) => boolean;
  /** False: taken out by `put`, too. */
  readonly isWanted?: boolean;
}

export function tomlEdit(tables: readonly TomlTable[]): Edit {
  return behindMark({
    put(before, file, undo): Put {
      const isBlank = before === undefined || before.trim() === '';
      const start = isBlank ? '' : before;
      checkToml(start, file);
      let text = start;
      for (const table of tables) text = table.isWanted === false ? taken(text, table) : put(text, table, file);
      const known = isBlank || takenAll(start) === start ? undefined : undo;
      const added: Undo = before === undefined ? { made: true } : isBlank ? { blank: before } : {};
      return { text: isBlank && text !== '' ? text + eolOf(text) : text, undo: joined(known, added) };
    },
    take(text, file, undo) {
      checkToml(text, file);
      const rest = takenAll(text);
      if (rest === text || rest.trim() !== '') return rest;
      return undo?.made ? undefined : (undo?.blank ?? rest);
    },
  });

  function takenAll(text: string): string {
    return [...tables].reverse().reduce(taken, text);
  }
}

function put(text: string, table: TomlTable, file: string): string {
  const there = sectionsOf(text, table);
  const ours = there.find((section) => table.isOurs(said(text, section)));
  if (ours !== undefined) return updated(text, ours, table);
  const [other] = there;
  if (other !== undefined && !table.isArray) throw notOurs(header(table), file, position(text, other.start));
  if (saysAlready(text, table)) throw notOurs(`"${table.path.join('.')}"`, file, whereSaid(text, table));
  if (!takesMore(text, table)) throw closed(text, table, file);
  return appended(text, table);
}

/** The pair that says so, in a table around ours or before the first table. */
function whereSaid(text: string, table: TomlTable): string {
  let header = '';
  for (const { start, end } of expressions(text)) {
    const expression = text.slice(start, end);
    if (expression.startsWith('[')) header = expression;
    else if (saysAlready(`${header}\n${expression}`, table)) return position(text, start);
  }
  return 'somewhere';
}

/** Whether the table can be added: not to what is written in one piece, such as `mcp_servers = { … }`. */
export function takesMore(text: string, table: TomlTable): boolean {
  try {
    readToml(appended(text, table));
    return true;
  } catch {
    return false;
  }
}

function closed(text: string, { path: [name = ''] }: TomlTable, file: string): Failure {
  const pair = expressions(text).find(
    ({ start, end }) => text[start] !== '[' && name in readToml(text.slice(start, end)),
  );
  const where = pair === undefined ? '' : ` (${position(text, pair.start)})`;
  return new Failure(
    'error',
    `"${name}" in ${file} is written in one piece, to which nothing can be added${where}.`,
    `Write it as [${name}.…] tables; nothing was written.`,
  );
}

function appended(text: string, table: TomlTable): string {
  const eol = eolOf(text);
  const body = withoutTail(text);
  const pairs = Object.entries(table.value()).map(([name, value]) => `${tomlKey(name)} = ${tomlValue(value)}`);
  const block = [header(table), ...pairs].join(eol);
  return body + (body === '' ? '' : eol + eol) + block + text.slice(body.length);
}

function header({ path, isArray = false }: TomlTable): string {
  const name = path.map(tomlKey).join('.');
  return isArray ? `[[${name}]]` : `[${name}]`;
}

/** From the last pair to the first, so that places stay what they are. */
function updated(text: string, section: Section, table: TomlTable): string {
  const there = said(text, section);
  let now = text;
  const wanted = Object.entries(table.value(there));
  const missing = wanted.filter(([name]) => pairOf(text, section, name) === undefined);
  const lines = missing.map(([name, value]) => `${eolOf(text)}${tomlKey(name)} = ${tomlValue(value)}`);
  const behind = lineEnd(text, section.end);
  now = now.slice(0, behind) + lines.join('') + now.slice(behind);
  for (const pair of [...section.pairs].reverse()) {
    const [name, old] = Object.entries(readToml(text.slice(pair.start, pair.end)))[0] ?? [];
    const value = wanted.find(([each]) => each === name)?.[1];
    if (name === undefined || value === undefined || isDeepStrictEqual(old, value)) continue;
    now = `${now.slice(0, pair.start)}${tomlKey(name)} = ${tomlValue(value)}${now.slice(pair.end)}`;
  }
  return now;
}

function pairOf(text: string, { pairs }: Section, name: string): Expression | undefined {
  return pairs.find(({ start, end }) => name in readToml(text.slice(start, end)));
}

/** The white space before goes too, and the comment that ends our last line. */
function taken(text: string, table: TomlTable): string {
  const ours = sectionsOf(text, table).filter((section) => table.isOurs(said(text, section)));
  const inner =
    ours.length > 0 && !table.isArray ? sections(text).filter(({ path }) => isInside(path, table.path)) : [];
  return [...ours, ...inner]
    .sort((a, b) => b.start - a.start)
    .reduce((rest, { start, end }) => {
      const before = withoutTail(rest.slice(0, start));
      const after = rest.slice(lineEnd(rest, end));
      return before === '' ? after.trimStart() : before + after;
    }, text);
}

function sectionsOf(text: string, { path, isArray = false }: TomlTable): Section[] {
  return sections(text).filter((each) => each.isArray === isArray && isDeepStrictEqual(each.path, path));
}

function isInside(path: Path, outer: Path): boolean {
  return path.length > outer.length && isDeepStrictEqual(path.slice(0, outer.length), outer);
}

/** What the section says, as if it stood alone. */
function said(text: string, { start, end, path }: Section): unknown {
  const value = path.reduce<unknown>(memberOf, readToml(text.slice(start, end)));
  return Array.isArray(value) ? value[0] : value;
}

function memberOf(value: unknown, name: string): unknown {
  const object: unknown = Array.isArray(value) ? value[0] : value;
  return typeof object === 'object' && object !== null ? Reflect.get(object, name) : undefined;
}

function saysAlready(text: string, { path, isArray }: TomlTable): boolean {
  return !isArray && path.reduce<unknown>(memberOf, readToml(text)) !== undefined;
}

function lineEnd(text: string, offset: number): number {
  const rest = /^[ \t]*(?:#[^\r\n]*)?/.exec(text.slice(offset))?.[0] ?? '';
  return offset + withoutTail(rest).length;
}

/** Not `trimEnd`: that takes characters which are part of a comment in TOML. */
function withoutTail(text: string): string {
  let end = text.length;
  while (end > 0 && ' \t\r\n'.includes(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

const eolOf = (text: string): string => /\r?\n/.exec(text)?.[0] ?? '\n';
