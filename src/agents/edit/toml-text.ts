/**
 * Where the tables of a TOML document are, in its text. What each says is left to the parser's package; this only finds
 * the ends of things, in a document that the package has read without complaint.
 *
 *     model = "x"                     pair ┐ before the first table
 *     [mcp_servers.relay]             ┐
 *     command = "/usr/bin/node"  # c  │ one section: its header, its pairs, up to the next header
 *     args = ["/r/cli.mjs", "mcp"]    ┘
 */
import { parse, TomlError } from 'smol-toml';
import { Failure } from '../../util/failure.ts';
import type { Path } from './edit.ts';

/** A header or a pair, without the comment that may follow on its line. */
export interface Expression {
  readonly start: number;
  readonly end: number;
}

export interface Section {
  readonly path: Path;
  /** `[[path]]` */
  readonly isArray: boolean;
  readonly start: number;
  /** Behind its last pair. */
  readonly end: number;
  readonly pairs: readonly Expression[];
}

/** Strings first: nothing in them counts. Of a run of quotes that ends a long string the last three end it. */
const TOKEN =
  /"""(?:\\[\s\S]|(?!""")[\s\S])*"{3,5}|'''[\s\S]*?'{3,5}|"(?:\\.|[^"\\\r\n])*"|'[^'\r\n]*'|#[^\r\n]*|\r?\n|[[\]{}]|[ \t]+|[^"'#\r\n[\]{} \t]+/g;

export function expressions(text: string): Expression[] {
  const found: Expression[] = [];
  let depth = 0;
  let start = -1;
  let end = -1;
  const close = () => {
    if (start >= 0) found.push({ start, end });
    start = -1;
  };
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    if (/^[ \t#]/.test(token)) continue;
    if (/^\r?\n/.test(token)) {
      if (depth === 0) close();
      continue;
    }
    if (token === '[' || token === '{') depth += 1;
    if (token === ']' || token === '}') depth -= 1;
    if (start < 0) start = index;
    end = index + token.length;
  }
  close();
  return found;
}

/** Pairs before the first header are in none. */
export function sections(text: string): Section[] {
  const found: { header: Expression; pairs: Expression[] }[] = [];
  for (const each of expressions(text)) {
    if (text[each.start] === '[') found.push({ header: each, pairs: [] });
    else found.at(-1)?.pairs.push(each);
  }
  return found.map(({ header, pairs }) => {
    const { start, end } = header;
    const said = text.slice(start, end);
    return { path: headerPath(said), isArray: said.startsWith('[['), start, end: pairs.at(-1)?.end ?? end, pairs };
  });
}

/** `[a."b c"]` names `a`, then `b c`. */
function headerPath(header: string): Path {
  const path: string[] = [];
  let value: unknown = parse(header);
  for (;;) {
    if (Array.isArray(value)) value = value[0];
    const [first] = Object.entries(value ?? {});
    if (first === undefined) return path;
    path.push(first[0]);
    value = first[1];
  }
}

/** What one section says, or one pair. */
export function readToml(text: string): { readonly [name: string]: unknown } {
  return parse(text);
}

/** Throws a Failure with line and column for a document that is broken. */
export function checkToml(text: string, file: string): { readonly [name: string]: unknown } {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [what = ''] = error.message.replace(/^Invalid TOML document: /, '').split('\n');
    throw new Failure(
      'error',
      `${file} is broken at line ${error.line}, column ${error.column}: ${what}.`,
      'Mend it or move it away; nothing was written.',
      error,
    );
  }
}

/** One line. JSON writes strings as TOML reads them. */
export function tomlValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(tomlValue).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const pairs = Object.entries(value).map(([name, each]) => `${tomlKey(name)} = ${tomlValue(each)}`);
  return `{ ${pairs.join(', ')} }`;
}

export function tomlKey(name: string): string {
  return /^[A-Za-z0-9_-]+$/.test(name) ? name : JSON.stringify(name);
}
