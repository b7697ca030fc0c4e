/** What stood on the command line for one command, read by name. Asking for what the command does not have is a bug. */
import { Failure } from '../util/failure.ts';
import { safeJson } from '../util/safe-text.ts';

type Value = string | boolean | readonly string[] | undefined;

interface Range {
  readonly min: number;
  readonly max: number;
}

export class Given {
  readonly #values: ReadonlyMap<string, Value>;

  /** Arguments by their name, options by their flag (`--wait`). */
  constructor(values: Iterable<readonly [string, Value]>) {
    this.#values = new Map(values);
  }

  text(name: string): string | undefined {
    const value = this.#values.get(name);
    return typeof value === 'string' ? value : undefined;
  }

  /** An argument that is not optional: the parser has seen to it that it is there. */
  required(name: string): string {
    const value = this.text(name);
    if (value === undefined) throw new Failure('usage', `${name} is missing.`);
    return value;
  }

  list(name: string): readonly string[] {
    const value = this.#values.get(name);
    if (typeof value === 'string') return [value];
    return typeof value === 'object' ? value : [];
  }

  has(flag: string): boolean {
    return this.#values.get(flag) === true;
  }

  /** A number within the range, or undefined when it was not given; throws a `usage` Failure for anything else. */
  number(name: string, { min, max }: Range): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new Failure('usage', `${name} must be a number from ${min} to ${max}, not ${safeJson(text.slice(0, 40))}.`);
  }

  /** As `number`, without a fraction. */
  integer(name: string, range: Range): number | undefined {
    const value = this.number(name, range);
    if (value === undefined || Number.isInteger(value)) return value;
    throw new Failure('usage', `${name} must be a whole number, not ${value}.`);
  }
}
