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
/** A UTF-16 unit is at most 3 bytes. */
const scratch = new Uint8Array(12 * 1024);

/** Bytes of a string in UTF-8. Most are written where nobody looks, which is an eighth of the cost of making an array. */
export function utf8Bytes(value: string): number {
  if (value.length * 3 <= scratch.length) return encoder.encodeInto(value, scratch).written;
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
  const known = new Map<string, Check<unknown>>(Object.entries(fields));
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
      const result = readFields(known, value as Readonly<Record<string, unknown>>, path);
      for (const key of required) if (result[key] === undefined) throw missing(path, key);
      return result as ShapeOf<F>;
    },
  };
}

/** On the path of every frame: no entries, no closures, and a path is only put together where there is one. */
function readFields(
  known: ReadonlyMap<string, Check<unknown>>,
  value: Readonly<Record<string, unknown>>,
  path: string,
): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const check = known.get(key);
    const entry = value[key];
    if (!check) throw unknown(known, path, key);
    if (entry === undefined || (entry === null && check.isOptional)) continue;
    result[key] = check.read(entry, below(path, key));
  }
  return result;
}

function below(path: string, key: string): string {
  return path ? `${path}.${key}` : key;
}

function unknown(known: ReadonlyMap<string, unknown>, path: string, key: string): RelayError {
  const names = [...known.keys()].join(', ') || 'nothing';
  return new RelayError('bad_request', `${shortened(below(path, key))} is not known here; known: ${names}.`);
}

function missing(path: string, key: string): RelayError {
  return new RelayError('bad_request', `${below(path, key)} is missing.`);
}

function described(schema: JsonSchema, description: string | undefined): JsonSchema {
  return description ? { ...schema, description } : schema;
}

/** A field name came from the peer: it is quoted back short, and printable only. */
function shortened(name: string): string {
  return JSON.stringify(name.length > 60 ? `${name.slice(0, 60)}…` : name);
}
