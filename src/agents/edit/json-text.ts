/**
 * Changes to the text of a JSON or JSONC document that touch nothing else: no other byte moves, and taking out what was
 * put in gives back the text from before. (`modify` of the parser's package can do neither: it puts a new member before
 * the comment that ends the line of the last one.)
 *
 *     { "a": 1, // note            { "a": 1, // note
 *       "b": 2  // last     ⇄        "b": 2, // last        the comma goes where the value ends,
 *     }                              "relay": {}            the member behind the last comment
 *                                  }
 */
import { getNodeValue, type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import { Failure } from '../../util/failure.ts';

/** What a program takes beyond JSON. */
export interface Dialect {
  readonly comments: boolean;
  readonly trailingCommas: boolean;
  /** A byte order mark. */
  readonly mark: boolean;
}

export interface Removed {
  readonly text: string;
  /** Nothing is left in the container. */
  readonly isEmpty: boolean;
}

/** Throws a Failure with line and column unless the text is one JSON object of this dialect. */
export function parseObject(text: string, dialect: Dialect, file: string): Node {
  if (text.startsWith('\ufeff')) throw broken(file, 'line 1, column 1', WORDS.Mark);
  const errors: ParseError[] = [];
  const options = { disallowComments: !dialect.comments, allowTrailingComma: dialect.trailingCommas };
  const root = parseTree(text, errors, options);
  const [first] = errors;
  if (first !== undefined) {
    const code = printParseErrorCode(first.error);
    throw broken(file, position(text, first.offset), WORDS[code] ?? code);
  }
  if (root?.type !== 'object') {
    throw new Failure(
      'error',
      `${file} holds no JSON object (line 1).`,
      'Mend it or move it away; nothing was written.',
    );
  }
  return root;
}

function broken(file: string, where: string, what: string): Failure {
  return new Failure(
    'error',
    `${file} is broken at ${where}: ${what}.`,
    'Mend it or move it away; nothing was written.',
  );
}

const WORDS: { readonly Mark: string; readonly [code: string]: string } = {
  Mark: 'the program that reads it takes no byte order mark',
  InvalidCommentToken: 'the program that reads it takes no comments',
  CommaExpected: 'a comma is missing',
  ColonExpected: 'a colon is missing',
  ValueExpected: 'a value is missing',
  PropertyNameExpected: 'a name in double quotes is missing',
  CloseBraceExpected: 'a } is missing',
  CloseBracketExpected: 'a ] is missing',
  EndOfFileExpected: 'there is more after the end',
  InvalidSymbol: 'that is no JSON',
  UnexpectedEndOfString: 'a string does not end',
  UnexpectedEndOfComment: 'a comment does not end',
};

/** `line 3, column 5`, both from 1. */
export function position(text: string, offset: number): string {
  const lines = text.slice(0, offset).split(/\r\n|\r|\n/);
  return `line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1}`;
}

/** The value of a member; the last one of that name, as every reader of JSON takes it. */
export function memberValue(object: Node, name: string): Node | undefined {
  return object.children?.findLast((member) => member.children?.[0]?.value === name)?.children?.[1];
}

/** With ordinary prototypes, so that values can be compared; the parser's package makes objects without one. */
export function plainValue(node: Node): unknown {
  return JSON.parse(JSON.stringify(getNodeValue(node)));
}

/** Puts a value at the end of a list, or a member at the end of an object. */
export function insertChild(
  text: string,
  root: Node,
  container: Node,
  name: string | undefined,
  value: unknown,
): string {
  const last = container.children?.at(-1);
  const style = styleOf(text, root);
  const close = closeOf(container);
  const gap = gapBetween(text, last === undefined ? container.offset + 1 : endOf(last), close);
  const lead = leadFor(text, container, style, gap);
  const child =
    (name === undefined ? '' : `${JSON.stringify(name)}:${lead.inline && lead.space === '' ? '' : ' '}`) +
    rendered(value, lead, style);
  if (last === undefined) {
    const tail = lead.inline ? lead.space : style.eol + indentAt(text, container.offset);
    return splice(text, [[gap.end, close, lead.space + child + tail]]);
  }
  if (gap.comma !== undefined) return splice(text, [[gap.end, gap.end, `${lead.space}${child},`]]);
  return splice(text, [
    [endOf(last), endOf(last), ','],
    [gap.end, gap.end, lead.space + child],
  ]);
}

/** Another value in the place of one that is there, laid out like its surroundings. */
export function replaceNode(text: string, root: Node, node: Node, value: unknown): string {
  const style = styleOf(text, root);
  const inline = !/[\r\n]/.test(text.slice(node.offset, endOf(node))) && style.isOneLine;
  const lead: Lead = { inline, space: '', indent: indentAt(text, node.offset) };
  return splice(text, [[node.offset, endOf(node), rendered(value, lead, style)]]);
}

/** Takes out the child, one comma with it, and the white space before it; the opposite of `insertChild`. */
export function removeChild(text: string, container: Node, index: number): Removed {
  const children = container.children ?? [];
  const child = children[index];
  if (child === undefined) return { text, isEmpty: children.length === 0 };
  const previous = children[index - 1];
  const next = children[index + 1];
  const before = gapBetween(text, previous === undefined ? container.offset + 1 : endOf(previous), child.offset);
  const after = gapBetween(text, endOf(child), next?.offset ?? closeOf(container));
  const end = after.comma === undefined ? endOf(child) : after.comma + 1;
  // What follows must not slip up into a comment that ends with its line.
  const from = before.isLineComment && !/^[ \t]*[\r\n]/.test(text.slice(end)) ? child.offset : before.end;
  const cuts: Cut[] = [[from, endOf(child), '']];
  if (after.comma !== undefined) cuts.push([after.comma, after.comma + 1, '']);
  else if (before.comma !== undefined) cuts.unshift([before.comma, before.comma + 1, '']);
  return { text: splice(text, cuts), isEmpty: children.length === 1 };
}

/** The white space of an empty container, behind its comments if it has some. */
export function insideOf(text: string, container: Node): string {
  const close = closeOf(container);
  return text.slice(gapBetween(text, container.offset + 1, close).end, close);
}

export function withInside(text: string, container: Node, inside: string): string {
  const close = closeOf(container);
  const { end, isLineComment } = gapBetween(text, container.offset + 1, close);
  if (isLineComment && !/[\r\n]/.test(inside)) return text;
  return splice(text, [[end, close, inside]]);
}

/** Has neither members nor comments. */
export function isBare(text: string, container: Node): boolean {
  const gap = gapBetween(text, container.offset + 1, closeOf(container));
  return (container.children ?? []).length === 0 && gap.end === container.offset + 1;
}

export const endOf = ({ offset, length }: Node): number => offset + length;
const closeOf = (container: Node): number => endOf(container) - 1;

/** What may stand between two children: white space, comments, a comma. */
interface Gap {
  readonly comma: number | undefined;
  /** Behind the last thing that is no white space; where the gap begins when there is none. */
  readonly end: number;
  readonly isLineComment: boolean;
}

/** In there, a slash begins a comment and nothing else. */
const IN_GAP = /(?<line>\/\/[^\r\n]*)|\/\*[\s\S]*?\*\/|(?<comma>,)/g;

function gapBetween(text: string, from: number, to: number): Gap {
  let gap: Gap = { comma: undefined, end: from, isLineComment: false };
  for (const { 0: token, index, groups } of text.slice(from, to).matchAll(IN_GAP)) {
    const comma = groups?.comma === undefined ? gap.comma : from + index;
    gap = { comma, end: from + index + token.length, isLineComment: groups?.line !== undefined };
  }
  return gap;
}

interface Style {
  readonly eol: string;
  /** One step of indentation. */
  readonly unit: string;
  /** The document has no line break: what we add has none either. */
  readonly isOneLine: boolean;
}

function styleOf(text: string, root: Node): Style {
  const first = root.children?.find((child) => startsLine(text, child.offset));
  return {
    eol: /\r?\n/.exec(text)?.[0] ?? '\n',
    unit: (first && indentAt(text, first.offset)) || '  ',
    isOneLine: (root.children ?? []).length > 0 && !/[\r\n]/.test(text.slice(root.offset, endOf(root))),
  };
}

interface Lead {
  readonly inline: boolean;
  /** Between what comes before and the new child. */
  readonly space: string;
  readonly indent: string;
}

function leadFor(text: string, container: Node, style: Style, gap: Gap): Lead {
  const last = container.children?.at(-1);
  const inline = !gap.isLineComment && (last === undefined ? style.isOneLine : !startsLine(text, last.offset));
  if (inline) return { inline, space: last === undefined ? '' : spaceBefore(text, last.offset), indent: '' };
  const beside = last !== undefined && startsLine(text, last.offset);
  const indent = beside ? indentAt(text, last.offset) : indentAt(text, container.offset) + style.unit;
  return { inline, space: style.eol + indent, indent };
}

/** Members on one line are as far apart as the last one is from what stands before it. */
function spaceBefore(text: string, offset: number): string {
  return /[ \t]*$/.exec(text.slice(0, offset))?.[0] ?? '';
}

/** A line break that is not part of the layout is written as \n in JSON. */
function rendered(value: unknown, { inline, space, indent }: Lead, { unit, eol }: Style): string {
  if (inline) return space === '' ? JSON.stringify(value) : JSON.stringify(value, undefined, 1).replace(/\n */g, ' ');
  return JSON.stringify(value, undefined, unit).replaceAll('\n', eol + indent);
}

function startsLine(text: string, offset: number): boolean {
  const start = lineStart(text, offset);
  return start > 0 && indentAt(text, offset).length === offset - start;
}

function lineStart(text: string, offset: number): number {
  return Math.max(text.lastIndexOf('\n', offset - 1), text.lastIndexOf('\r', offset - 1)) + 1;
}

/** The white space that the line of this offset begins with. */
function indentAt(text: string, offset: number): string {
  return /^[ \t]*/.exec(text.slice(lineStart(text, offset), offset))?.[0] ?? '';
}

/** From, to, and what goes there instead. */
type Cut = readonly [from: number, to: number, text: string];

/** In ascending order. */
function splice(text: string, cuts: readonly Cut[]): string {
  let done = '';
  let at = 0;
  for (const [from, to, put] of cuts) {
    done += text.slice(at, from) + put;
    at = to;
  }
  return done + text.slice(at);
}
