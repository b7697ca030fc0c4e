/** Configuration files as people and programs write them: any values, with any white space, comments and commas between. */
import fc from 'fast-check';
import type { Dialect } from '../../../src/agents/edit/json-text.ts';

export const STRICT: Dialect = { comments: false, trailingCommas: false, mark: false };
export const WITH_COMMENTS: Dialect = { comments: true, trailingCommas: false, mark: false };
export const LOOSE: Dialect = { comments: true, trailingCommas: true, mark: true };

/** Writes a value with anything between its tokens that the dialect allows; what comes where is decided by the dice. */
class Writer {
  readonly #dialect: Dialect;
  readonly #eol: string;
  readonly #dice: readonly number[];
  #at = 0;

  constructor(dialect: Dialect, eol: string, dice: readonly number[]) {
    this.#dialect = dialect;
    this.#eol = eol;
    this.#dice = dice;
  }

  #roll(sides: number): number {
    const value = this.#dice[this.#at % this.#dice.length] ?? 0;
    this.#at += 1;
    return value % sides;
  }

  gap(): string {
    switch (this.#roll(this.#dialect.comments ? 9 : 6)) {
      case 0:
      case 1:
        return '';
      case 2:
        return ' ';
      case 3:
        return `${this.#eol}  `;
      case 4:
        return `${this.#eol}\t`;
      case 5:
        return `  ${this.#eol}${this.#eol}    `;
      case 6:
        return ` // a "comment", {[${this.#eol}`;
      case 7:
        return `/* a "comment", // }] */`;
      default:
        return ` /* one */${this.#eol}  // two${this.#eol}  `;
    }
  }

  value(value: unknown): string {
    if (Array.isArray(value))
      return this.#wrapped(
        '[',
        ']',
        value.map((each) => this.value(each)),
      );
    if (typeof value !== 'object' || value === null) return JSON.stringify(value);
    const members = Object.entries(value).map(
      ([name, each]) => `${JSON.stringify(name)}${this.gap()}:${this.gap()}${this.value(each)}`,
    );
    return this.#wrapped('{', '}', members);
  }

  #wrapped(open: string, close: string, parts: readonly string[]): string {
    if (parts.length === 0) return open + this.gap() + close;
    const trailing = this.#dialect.trailingCommas && this.#roll(3) === 0 ? `,${this.gap()}` : '';
    return open + parts.map((part) => this.gap() + part + this.gap()).join(',') + trailing + close;
  }
}

const leaf = fc.oneof(fc.string({ maxLength: 6 }), fc.integer(), fc.boolean(), fc.constant(null), fc.constant('//"\\'));
const name = fc.oneof(fc.string({ maxLength: 4 }), fc.constantFrom('other', 'theme', 'x/*y', 'constructor'));

export const anyTree: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.array(tie('tree'), { maxLength: 3 }),
    fc.dictionary(name, tie('tree'), { maxKeys: 3 }),
  ),
})).tree;

/** A document with the given members, each there or not, and others around them. */
export function documentOf(
  members: Readonly<Record<string, fc.Arbitrary<unknown>>>,
  dialect: Dialect,
): fc.Arbitrary<string> {
  const parts = fc.record({
    before: fc.dictionary(name, anyTree, { maxKeys: 2 }),
    known: fc.record(members, { requiredKeys: [] }),
    after: fc.dictionary(name, anyTree, { maxKeys: 2 }),
    eol: fc.constantFrom('\n', '\r\n'),
    dice: fc.array(fc.nat(1000), { minLength: 1, maxLength: 30 }),
    pretty: fc.constantFrom(undefined, undefined, 2, 4, '\t'),
  });
  return parts.map(({ before, known, after, eol, dice, pretty }) => {
    const value = { ...before, ...known, ...after, ...known };
    if (pretty !== undefined) return JSON.stringify(value, undefined, pretty).replaceAll('\n', eol) + eol;
    const writer = new Writer(dialect, eol, dice);
    return writer.gap() + writer.value(value) + writer.gap();
  });
}
