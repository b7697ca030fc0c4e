/**
 * Hand-written validators that also say their JSON Schema, so that a shape is written once and serves the wire, the
 * HTTP verbs and the tools that a model sees. Hand-written because they sit on the path of every frame (0.17 µs
 * against 2.1 µs for a schema library).
 */
import { RelayError } from './codes.ts';

export type JsonSchema = { readonly [key: string]: unknown };

/** Reads a value of one kind. `read` throws `bad_request` with the path of what is wrong. */
export interface Check<T> {
  readonly schema: JsonSchema;
  readonly isOptional?: boolean;
  read(value: unknown, path: string): T;
}

export type Infer<C> = C extends Check<infer T> ? T : never;

export function wrong(path: string, must: string): RelayError {
  return new RelayError('bad_request', `${path} must be ${must}.`);
}

const encoder = new TextEncoder();

/** Bytes of a string in UTF-8. */
export function utf8Bytes(value: string): number {
  return encoder.encode(value).length;
}

interface TextRule {
  readonly max: number;
  readonly min?: number;
  readonly pattern?: RegExp;
  /** How a reader is told what it must be. */
  readonly is?: string;
  /** `max` counts bytes of UTF-8 instead of UTF-16 units. */
  readonly bytes?: boolean;
  readonly description?: string;
}

export function text(rule: TextRule): Check<string> {
  const must =
    rule.is ?? `text of ${rule.min ? `${rule.min} to ` : 'at most '}${rule.max} ${rule.bytes ? 'bytes' : 'characters'}`;
  return {
    schema: described({ type: 'string' }, rule.description),
    read(value, path) {
      if (typeof value !== 'string') throw wrong(path, must);
      // SQLite's text ends at U+0000: what follows it would be lost without a word.
      if (value.includes('\0'))
        throw new RelayError('bad_request', `${path} must not hold the character U+0000; leave it out.`);
      // A UTF-16 unit is at most 3 bytes, so that short texts need no encoding.
      const tooLong = rule.bytes ? value.length * 3 > rule.max && utf8Bytes(value) > rule.max : value.length > rule.max;
      if (tooLong) throw new RelayError('too_large', `${path} must be ${must}.`);
      if (value.length < (rule.min ?? 0)) throw wrong(path, must);
      if (rule.pattern && !rule.pattern.test(value)) throw wrong(path, must);
      return value;
    },
  };
}

export function integer(rule: { min: number; max: number; description?: string }): Check<number> {
  return {
    schema: described({ type: 'integer', minimum: rule.min, maximum: rule.max }, rule.description),
    read(value, path) {
      const fits = typeof value === 'number' && Number.isSafeInteger(value) && value >= rule.min && value <= rule.max;
      if (!fits) throw wrong(path, `a whole number from ${rule.min} to ${rule.max}`);
      return value;
    },
  };
}

export function flag(description?: string): Check<boolean> {
  return {
    schema: described({ type: 'boolean' }, description),
    read(value, path) {
      if (typeof value !== 'boolean') throw wrong(path, 'true or false');
      return value;
    },
  };
}

export function oneOf<const T extends readonly string[]>(values: T, description?: string): Check<T[number]> {
  const known = new Set<string>(values);
  return {
    schema: described({ type: 'string', enum: values }, description),
    read(value, path) {
      if (typeof value !== 'string' || !known.has(value)) throw wrong(path, `one of ${values.join(', ')}`);
      return value;
    },
  };
}

export function list<T>(item: Check<T>, rule: { max: number; min?: number }): Check<readonly T[]> {
  return {
    schema: { type: 'array', items: item.schema },
    read(value, path) {
      if (!Array.isArray(value) || value.length < (rule.min ?? 0))
        throw wrong(path, `a list of ${rule.min ?? 0} to ${rule.max}`);
      if (value.length > rule.max) throw new RelayError('too_large', `${path} must have at most ${rule.max} entries.`);
      return value.map((entry, i) => item.read(entry, `${path}[${i}]`));
    },
  };
}

/** One, or a list of them; read as a list. */
export function oneOrMore<T>(item: Check<T>, rule: { max: number }, description?: string): Check<readonly T[]> {
  const many = list(item, { max: rule.max, min: 1 });
  return {
    schema: described({ anyOf: [item.schema, many.schema] }, description),
    read: (value, path) => (Array.isArray(value) ? many.read(value, path) : [item.read(value, path)]),
  };
}

/** Any JSON value of at most so many bytes when written. */
export function json(rule: { maxBytes: number }): Check<unknown> {
  return {
    schema: {},
    read(value, path) {
      if (jsonBytes(value) > rule.maxBytes) {
        throw new RelayError('too_large', `${path} must be at most ${rule.maxBytes} bytes of JSON.`);
      }
      return value;
    },
  };
}

/** Parsing takes any depth, writing does not: what is nested too deep to be written is too large. */
function jsonBytes(value: unknown): number {
  try {
    return utf8Bytes(JSON.stringify(value) ?? '');
  } catch (error) {
    if (error instanceof RangeError) return Number.POSITIVE_INFINITY;
    throw error;
  }
}

/** Any JSON value; the frame or body around it has its own limit. */
export const anything: Check<unknown> = { schema: {}, read: (value) => value };

export function optional<T>(check: Check<T>): Check<T> & { readonly isOptional: true } {
  return { ...check, isOptional: true };
}

type Fields = Readonly<Record<string, Check<unknown>>>;
type OptionalKeys<F extends Fields> = {
  [K in keyof F]: F[K] extends { readonly isOptional: true } ? K : never;
}[keyof F];
type ShapeOf<F extends Fields> = { readonly [K in Exclude<keyof F, OptionalKeys<F>>]: Infer<F[K]> } & {
  readonly [K in OptionalKeys<F>]?: Infer<F[K]>;
};

/**
 * An object with exactly these fields: unknown ones are refused (a privilege that we do not know must not look
 * granted). An optional field may be null, which models send for "nothing".
 */
export function shape<const F extends Fields>(fields: F): Check<ShapeOf<F>> {
  const names = Object.keys(fields);
  const required = names.filter((name) => !fields[name]?.isOptional);
  return {
    schema: {
      type: 'object',
      properties: Object.fromEntries(names.map((name) => [name, fields[name]?.schema])),
      ...(required.length > 0 ? { required } : {}),
      additionalProperties: false,
    },
    read(value, path) {
      if (typeof value !== 'object' || value === null || Array.isArray(value))
        throw wrong(path || 'The value', 'an object');
      return readFields(fields, required, value, path) as ShapeOf<F>;
    },
  };
}

function readFields(fields: Fields, required: readonly string[], value: object, path: string): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [key, entry] of Object.entries(value)) {
    const check = Object.hasOwn(fields, key) ? fields[key] : undefined;
    const at = path ? `${path}.${key}` : key;
    if (!check)
      throw new RelayError(
        'bad_request',
        `${shortened(at)} is not known here; known: ${Object.keys(fields).join(', ') || 'nothing'}.`,
      );
    if (entry === undefined || (entry === null && check.isOptional)) continue;
    result[key] = check.read(entry, at);
  }
  for (const key of required) {
    if (!Object.hasOwn(result, key)) throw new RelayError('bad_request', `${path ? `${path}.` : ''}${key} is missing.`);
  }
  return result;
}

function described(schema: JsonSchema, description: string | undefined): JsonSchema {
  return description ? { ...schema, description } : schema;
}

/** A field name came from the peer: it is quoted back short, and printable only. */
function shortened(name: string): string {
  return JSON.stringify(name.length > 60 ? `${name.slice(0, 60)}…` : name);
}
