/** What is to be kept running, before it is put into the words of launchd or systemd. */
import { join } from 'node:path';

export const UNITS = ['relay', 'tunnel'] as const;
export type UnitName = (typeof UNITS)[number];

export function isUnitName(word: string): word is UnitName {
  return UNITS.some((unit) => unit === word);
}

export interface Unit {
  readonly name: UnitName;
  readonly description: string;
  /** The program's absolute path, then its arguments. */
  readonly command: readonly [string, ...string[]];
  readonly environment: Readonly<Record<string, string>>;
  readonly logs: UnitLogs;
  /** Start it again also after it ended with 0. */
  readonly always: boolean;
  /** Seconds before it is started again: at first, and after many vain tries. */
  readonly delay: { readonly first: number; readonly most: number };
  /** Exit codes after which starting again would change nothing. */
  readonly final: readonly number[];
}

export interface UnitLogs {
  readonly out: string;
  readonly error: string;
}

/** `relay.log` and `relay-error.log`, in `<home>/logs`. */
export function logsOf(name: UnitName, logs: string): UnitLogs {
  return { out: join(logs, `${name}.log`), error: join(logs, `${name}-error.log`) };
}
