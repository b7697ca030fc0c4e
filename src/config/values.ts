/** One raw value, from a flag, a variable or the file, as what its entry in the table says it is; or a `usage` Failure. */
import { isName } from '../protocol/address.ts';
import { STANCES } from '../protocol/stance.ts';
import { Failure } from '../util/failure.ts';
import { safeJson } from '../util/safe-text.ts';
import { LOG_LEVELS, type LogLevel, type Option } from './options.ts';
import { absolutePath } from './paths.ts';
import { isRelayUrl } from './relay-file.ts';

/** A flag with a value, one without (`true`), one that was repeated. */
export type Raw = string | boolean | readonly string[];

/** `source` is how an error names where the value came from: `--port`, `RELAY_PORT`, `"port" in /…/config.json`. */
export function readValue(entry: Option, raw: unknown, source: string, userHome?: string): unknown {
  switch (entry.type) {
    case 'port':
      return port(raw) ?? wrong(entry, raw, source, 'a whole number from 0 to 65535');
    case 'text':
      return (typeof raw === 'string' && raw !== '' ? raw : undefined) ?? wrong(entry, raw, source, 'text');
    case 'path':
      return typeof raw === 'string' ? absolutePath(raw, source, userHome) : wrong(entry, raw, source, 'a path');
    case 'url':
      return url(raw) ?? wrong(entry, raw, source, 'an address such as ws://localhost:9999');
    case 'name':
      return isName(raw) ? raw : wrong(entry, raw, source, NAME_RULE);
    case 'flag':
      return truth(raw) ?? wrong(entry, raw, source, 'true or false');
    case 'presence':
      return raw !== false;
    case 'level':
      return level(raw) ?? wrong(entry, raw, source, `one of ${LOG_LEVELS.join(', ')}`);
    case 'stance':
      return STANCES.find((known) => known === raw) ?? wrong(entry, raw, source, `one of ${STANCES.join(', ')}`);
    case 'count':
      return count(raw) ?? wrong(entry, raw, source, 'a whole number from 0 to 1000');
    case 'list':
      return list(raw) ?? wrong(entry, raw, source, 'one or more words');
    case 'time':
      return timeOf(raw) ?? wrong(entry, raw, source, 'a time such as 30d, 12h, 90m or 10s');
    case 'size':
      return sizeOf(raw) ?? wrong(entry, raw, source, 'a size such as 500000, 64kB, 64MB or 1GB');
    case 'whole':
      return wholeFromOne(raw) ?? wrong(entry, raw, source, 'a whole number from 1');
    default:
      return entry.type satisfies never;
  }
}

const NAME_RULE = 'a name: a letter, then up to 63 letters, digits, dots, dashes or underscores, and not the word all';

/** How much of a wrong value is repeated to its author. Characters. */
const SHOWN = 60;

function wrong(entry: Option, raw: unknown, source: string, must: string): never {
  const text = safeJson(raw);
  const shown = entry.secret ? '' : `, not ${text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text}`;
  throw new Failure('usage', `${source} must be ${must}${shown}.`);
}

function port(raw: unknown): number | undefined {
  const value = typeof raw === 'string' && /^\d{1,5}$/.test(raw) ? Number(raw) : raw;
  const fits = typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 65535;
  return fits ? value : undefined;
}

function count(raw: unknown): number | undefined {
  const value = typeof raw === 'string' && /^\d{1,4}$/.test(raw) ? Number(raw) : raw;
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 1_000 ? value : undefined;
}

const MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const BYTES = { '': 1, kb: 1_000, mb: 1_000_000, gb: 1_000_000_000 } as const;

/** Milliseconds of `30d`, `12h`, `90m`, `10s`: undefined for anything else, and for none at all. */
export function timeOf(raw: unknown): number | undefined {
  return scaled(raw, /^(\d{1,6})([smhd])$/, MS);
}

/** Bytes of `500000`, `64kB`, `64MB`, `1GB`. */
export function sizeOf(raw: unknown): number | undefined {
  return scaled(typeof raw === 'number' ? String(raw) : raw, /^(\d{1,15})(|kb|mb|gb)$/, BYTES);
}

function scaled(raw: unknown, pattern: RegExp, units: Readonly<Record<string, number>>): number | undefined {
  const [, number, unit = ''] = (typeof raw === 'string' && pattern.exec(raw.toLowerCase())) || [];
  const value = number === undefined ? 0 : Number(number) * (units[unit] ?? 0);
  return value > 0 && Number.isSafeInteger(value) ? value : undefined;
}

function wholeFromOne(raw: unknown): number | undefined {
  const value = typeof raw === 'string' && /^\d{1,15}$/.test(raw) ? Number(raw) : raw;
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : undefined;
}

function url(raw: unknown): string | undefined {
  return typeof raw === 'string' && isRelayUrl(raw) ? raw : undefined;
}

const TRUE = new Set(['1', 'true', 'yes', 'on']);
const FALSE = new Set(['0', 'false', 'no', 'off']);

function truth(raw: unknown): boolean | undefined {
  if (typeof raw === 'boolean') return raw;
  const word = typeof raw === 'string' ? raw.toLowerCase() : '';
  return TRUE.has(word) ? true : FALSE.has(word) ? false : undefined;
}

function level(raw: unknown): LogLevel | undefined {
  return LOG_LEVELS.find((known) => known === raw);
}

/** Commas separate, in a variable and in each repetition of a flag. */
function list(raw: unknown): readonly string[] | undefined {
  const given: readonly unknown[] = Array.isArray(raw) ? raw : [raw];
  if (!given.every((item) => typeof item === 'string')) return undefined;
  const words = given.flatMap((item) => item.split(',')).map((word) => word.trim());
  return words.every((word) => word !== '') ? words : undefined;
}
