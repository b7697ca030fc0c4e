/**
 * Text from others, made fit for a terminal, a log or a page: it cannot move the cursor, colour or hide anything,
 * reverse the reading direction, or smuggle characters that nobody sees. No `node:` imports: the browser uses it too.
 *
 *     colour sequences (ESC [ … m)        dropped: compilers and test runners send them in good faith
 *     other control characters, ESC       shown as their pictures: ␛ ␇ ␍, and <9b> for the C1 range
 *     bidirectional controls              shown as <202e>: whoever reads must see that somebody tried
 *     invisible characters, tags          dropped
 *     line separators, lone surrogates    shown as ␤, as �
 *     newline and tab                     kept where several lines are allowed, else shown as ␊ ␉
 */

interface SafeTextOptions {
  /** Keep newline and tab. */
  readonly multiline?: boolean;
  /** Cut after so many characters, with … as the last. */
  readonly max?: number;
}

/** ECMA-48 SGR, introduced by ESC [ or the one-character CSI, with parameters only of the kind that colours use. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this is about.
const COLOUR = /(?:\u001b\[|\u009b)[0-9;:]*m/g;
const BIDI = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
/**
 * What Unicode calls default-ignorable, and interlinear annotation. The two variation selectors that choose between
 * text and emoji stay: they hide nothing (runs of them do, and are cut to one below).
 */
const INVISIBLE = /(?![\ufe0e\ufe0f])\p{Default_Ignorable_Code_Point}|[\ufff9-\ufffb]/gu;
const SELECTOR_RUN = /([\ufe0e\ufe0f])[\ufe0e\ufe0f]+/gu;
/** No writing stacks more marks on one letter than this; more of them overprint the neighbouring lines. */
const MARK_PILE = /(\p{M}{8})\p{M}+/gu;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this is about.
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;
const LONE_SURROGATE = /\p{Surrogate}/gu;

export function safeText(text: string, options: SafeTextOptions = {}): string {
  const clean = text
    .replace(/\r\n/g, '\n')
    .replace(COLOUR, '')
    .replace(LONE_SURROGATE, '\ufffd')
    .replace(BIDI, codePoint)
    .replace(INVISIBLE, '')
    .replace(SELECTOR_RUN, '$1')
    .replace(MARK_PILE, '$1')
    .replace(CONTROL, (char) => picture(char, options.multiline === true));
  return options.max === undefined ? clean : cut(clean, options.max);
}

/** The same value with every text in it made safe, lines kept. Names of fields are ours. */
export function safeTexts(value: unknown): unknown {
  if (typeof value === 'string') return safeText(value, { multiline: true });
  if (Array.isArray(value)) return value.map(safeTexts);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, safeTexts(each)]));
}

const codePoint = (char: string): string => `<${char.charCodeAt(0).toString(16).padStart(2, '0')}>`;

function picture(char: string, multiline: boolean): string {
  if (multiline && (char === '\n' || char === '\t')) return char;
  const code = char.charCodeAt(0);
  // U+2400 and on: SYMBOL FOR NULL …, in the order of the characters they stand for.
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  if (code === 0x7f) return '\u2421';
  return code >= 0x2028 ? '\u2424' : codePoint(char);
}

/** By code point, so that no pair is torn. */
function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  const chars = Array.from(text);
  return chars.length <= max ? text : `${chars.slice(0, Math.max(0, max - 1)).join('')}…`;
}

const UNSAFE_IN_JSON = /[\u007f-\u009f\u2028\u2029\ufff9-\ufffb]|\p{Default_Ignorable_Code_Point}|\p{Surrogate}/gu;

/** JSON that says the same, with everything a terminal could act on, or an eye could miss, written as \u escapes. */
export function safeJson(value: unknown, indent?: number): string {
  return escapeUnseen(JSON.stringify(value, undefined, indent) ?? 'null');
}

/** The same for JSON that somebody else has written. */
export function escapeUnseen(json: string): string {
  return json.replace(UNSAFE_IN_JSON, escapeUnits);
}

function escapeUnits(char: string): string {
  let escaped = '';
  for (let i = 0; i < char.length; i += 1) escaped += `\\u${char.charCodeAt(i).toString(16).padStart(4, '0')}`;
  return escaped;
}

const ZERO_WIDTH = /^\p{M}$/u;
const WIDE =
  /^(?:\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}])$/u;

/** Columns that safe text takes in a terminal (East Asian and emoji characters take two). */
export function textWidth(text: string): number {
  let width = 0;
  for (const char of text) width += ZERO_WIDTH.test(char) ? 0 : WIDE.test(char) ? 2 : 1;
  return width;
}
