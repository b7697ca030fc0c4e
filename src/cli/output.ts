/**
 * The only way to stdout and stderr for a command. stdout is data, stderr is talk. Everything that is printed goes
 * through `safeText`: a command cannot forget it.
 */
import { styleText } from 'node:util';
import { type Code, RelayError } from '../protocol/codes.ts';
import { EXIT, Failure, reason } from '../util/failure.ts';
import { safeJson, safeText, textWidth } from '../util/safe-text.ts';

/** Something to write on; `process.stdout`, or a test's list of lines. */
export interface Sink {
  readonly isTTY?: boolean;
  readonly columns?: number;
  /** `done` hears when the text has left this process, or why it could not. */
  write(text: string, done?: (error?: Error | null) => void): unknown;
}

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

export interface Cell {
  readonly text: string;
  readonly style?: Style;
}

interface OutputOptions {
  readonly stdout: Sink;
  readonly stderr: Sink;
  readonly json?: boolean;
  readonly noColor?: boolean;
}

const PROGRAM = 'claude-relay';
/** Back to the start of the line, and nothing left on it (ECMA-48, EL). */
const ERASE = '\r\u001b[K';
/** Between two columns. */
const GAP = '  ';

export class Output {
  readonly isJson: boolean;
  readonly #stdout: Sink;
  readonly #stderr: Sink;
  readonly #noColor: boolean;
  #isPassing = false;

  constructor({ stdout, stderr, json = false, noColor = false }: OutputOptions) {
    this.#stdout = stdout;
    this.#stderr = stderr;
    this.isJson = json;
    this.#noColor = noColor;
  }

  /** Is somebody looking at stdout? */
  get isTerminal(): boolean {
    return this.#stdout.isTTY === true;
  }

  /** Columns of the terminal; 80 when it is none. */
  get columns(): number {
    return this.#stdout.columns ?? 80;
  }

  /** One line of data. */
  line(text: string, style?: Style): void {
    this.#stdout.write(`${this.#styled(this.#stdout, safeText(text), style)}\n`);
  }

  /** Data of several lines, such as the body of a message. */
  block(text: string): void {
    const safe = safeText(text, { multiline: true });
    this.#stdout.write(safe.endsWith('\n') ? safe : `${safe}\n`);
  }

  /** One line made of pieces, each with its own style. */
  pieces(cells: readonly Cell[]): void {
    const parts = cells.map(({ text, style }) => this.#styled(this.#stdout, safeText(text), style));
    this.#stdout.write(`${parts.join('')}\n`);
  }

  /** Text that we made ourselves for another program, byte for byte. */
  raw(text: string): void {
    this.#stdout.write(text);
  }

  /** One JSON value on one line: the answer of a reading command, or one of a stream of them. */
  json(value: unknown): void {
    this.#stdout.write(`${safeJson(value)}\n`);
  }

  /** Resolves when all data so far has left this process; rejects when nobody takes it any more (EPIPE). */
  flush(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#stdout.write('', (error) => (error ? reject(error) : resolve()));
    });
  }

  /** Columns as wide as their widest cell; the last one is not padded. No header when `head` is empty. */
  table(head: readonly string[], rows: ReadonlyArray<readonly (string | Cell)[]>): void {
    const safe = rows.map((row) => row.map(toCell));
    const titles = head.length > 0 ? [head.map((text) => toCell({ text, style: 'bold' }))] : [];
    const all = [...titles, ...safe];
    const widths = columnWidths(all);
    for (const row of all) this.#stdout.write(`${this.#row(row, widths)}\n`);
  }

  #row(row: readonly Cell[], widths: readonly number[]): string {
    const cells = row.map(({ text, style }, i) => {
      const gap = i === row.length - 1 ? '' : ' '.repeat((widths[i] ?? 0) - textWidth(text));
      return this.#styled(this.#stdout, text, style) + gap;
    });
    return cells.join(GAP).trimEnd();
  }

  /** Talk that stands on a terminal only until more is said. Nothing where stderr is none. */
  passing(text: string): void {
    if (this.#stderr.isTTY !== true) return;
    // One that is too long would begin a second line, which nothing takes away.
    const short = safeText(text).slice(0, (this.#stderr.columns ?? 80) - 1);
    this.#stderr.write(`${ERASE}${this.#styled(this.#stderr, short, 'dim')}`);
    this.#isPassing = true;
  }

  /** What was passing is over. */
  passed(): void {
    if (this.#isPassing) this.#stderr.write(ERASE);
    this.#isPassing = false;
  }

  /** Talk: what is going on. */
  say(text: string, style?: Style): void {
    this.passed();
    this.#stderr.write(`${this.#styled(this.#stderr, safeText(text), style)}\n`);
  }

  warn(text: string): void {
    this.say(`${PROGRAM}: ${text}`, 'yellow');
  }

  /** Tells an error in one sentence with what to do next, and answers the exit code. */
  fail(error: unknown): number {
    this.passed();
    const { message, remedy } = toldOf(error);
    const name = this.#styled(this.#stderr, PROGRAM, 'red');
    const lines = [`${name}: ${safeText(message)}`, ...(remedy === undefined ? [] : [`  ${safeText(remedy)}`])];
    this.#stderr.write(`${lines.join('\n')}\n`);
    return exitOf(error);
  }

  #styled(sink: Sink, text: string, style: Style | undefined): string {
    const plain = style === undefined || this.#noColor || sink.isTTY !== true || text === '';
    // The stream is ours to judge: a test's sink is none of Node's.
    return plain ? text : styleText(style, text, { validateStream: false });
  }
}

function toCell(cell: string | Cell): Cell {
  return typeof cell === 'string' ? { text: safeText(cell) } : { ...cell, text: safeText(cell.text) };
}

function columnWidths(rows: ReadonlyArray<readonly Cell[]>): number[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach(({ text }, i) => {
      widths[i] = Math.max(widths[i] ?? 0, textWidth(text));
    });
  }
  return widths;
}

function toldOf(error: unknown): { message: string; remedy?: string | undefined } {
  if (error instanceof Failure) return { message: error.message, remedy: error.remedy };
  if (error instanceof RelayError) return { message: error.message };
  return { message: `Something went wrong here: ${reason(error)}` };
}

/** Codes that mean that nobody answered; every other one is an answer of the relay. */
const UNREACHABLE: ReadonlySet<Code> = new Set<Code>(['not_connected', 'timeout', 'shutting_down', 'silent']);

export function exitOf(error: unknown): number {
  if (error instanceof Failure) return error.exit;
  if (error instanceof RelayError) return UNREACHABLE.has(error.code) ? EXIT.unreachable : EXIT.refused;
  return EXIT.error;
}
