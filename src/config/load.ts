/** Reads the settings: flag > environment > `<home>/config.json` > default. Every error is a Failure that names its source. */
import { join } from 'node:path';
import { Failure } from '../util/failure.ts';
import { readPrivate } from '../util/files.ts';
import { near } from '../util/near.ts';
import { OPTION_NAMES, type OptionName, optionOf, type Settings, type Source, type Where } from './options.ts';
import { checkHome, resolveHome, statePaths } from './paths.ts';
import { readRelayFile } from './relay-file.ts';
import { type Raw, readValue } from './values.ts';

/** What was on the command line, by setting; see `flags.ts` for the parser. */
export type Flags = { readonly [N in OptionName]?: Raw };

interface LoadInput {
  /** Settings of other entries keep their defaults and are not checked: a bad RELAY_PORT is no reason not to send. */
  readonly where: readonly Where[];
  readonly flags?: Flags;
  readonly env: NodeJS.ProcessEnv;
  /** The user's home directory; for tests. */
  readonly userHome?: string;
}

export interface Config {
  readonly settings: Settings;
  readonly from: { readonly [N in OptionName]: Source };
  /** Things to tell the user once, on stderr; none of them stops anything. */
  readonly warnings: readonly string[];
}

interface Found {
  readonly value: unknown;
  readonly source: Source;
}

export const DEFAULT_URL = 'ws://localhost:9999';

export function loadConfig(input: LoadInput): Config {
  const home = resolveHome(input.env, input.userHome);
  const file = readConfigFile(home);
  const settings: Record<string, unknown> = {};
  const from: Record<string, Source> = {};
  for (const name of OPTION_NAMES) {
    const applies = optionOf(name).where.some((where) => input.where.includes(where));
    const found = applies ? find(name, input, file.values, home) : undefined;
    settings[name] = found?.value ?? fallback(name, home);
    from[name] = found?.source ?? 'default';
  }
  // `find` and `fallback` have made each value what its entry in the table says.
  return { settings: settings as Settings, from: from as Config['from'], warnings: file.warnings };
}

/** The first of the four places that says something; empty variables say nothing (CI systems set them so). */
function find(name: OptionName, input: LoadInput, file: ReadonlyMap<string, unknown>, home: string): Found | undefined {
  const entry = optionOf(name);
  if (name === 'home') return { value: home, source: input.env.CLAUDE_RELAY_HOME ? 'env' : 'default' };
  const places: ReadonlyArray<[Source, string | undefined, unknown]> = [
    ['env', entry.envFirst, variable(input.env, entry.envFirst)],
    ['flag', entry.flag, input.flags?.[name]],
    ['env', entry.env, variable(input.env, entry.env)],
    ['file', entry.key, entry.key === undefined ? undefined : file.get(entry.key)],
  ];
  for (const [source, label, raw] of places) {
    if (raw === undefined || label === undefined) continue;
    const said = source === 'file' ? `"${label}" in ${statePaths(home).config}` : label;
    return { value: readValue(entry, raw, said, input.userHome), source };
  }
  return undefined;
}

function variable(env: NodeJS.ProcessEnv, name: string | undefined): string | undefined {
  const value = name === undefined ? undefined : env[name];
  return value === '' ? undefined : value;
}

function fallback(name: OptionName, home: string): unknown {
  if (name === 'home') return home;
  if (name === 'data') return statePaths(home).data;
  if (name === 'relayUrl') return relayUrlHere(home);
  return optionOf(name).default;
}

/** Where a relay of this user says it runs. Ask again before each connection: it may have started since. */
export function relayUrlHere(home: string): string {
  return readRelayFile(home)?.url ?? DEFAULT_URL;
}

interface ConfigFile {
  readonly values: ReadonlyMap<string, unknown>;
  readonly warnings: readonly string[];
}

/** People make this file by hand with a usual umask; it holds no secret, and lies in a 0700 directory. */
function readConfigFile(home: string): ConfigFile {
  const path = join(home, 'config.json');
  const text = checkHome(home) ? readPrivate(path, { readable: true }) : undefined;
  if (text === undefined) return { values: new Map(), warnings: [] };
  const values = new Map(Object.entries(parseObject(text, path)));
  return { values, warnings: unknownKeys([...values.keys()], path) };
}

function parseObject(text: string, path: string): object {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Failure('usage', `${path} is not valid JSON.`, 'Mend it or move it away.', error);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Failure('usage', `${path} must hold one JSON object.`, 'Write { "port": 9999 }, for example.');
  }
  return value;
}

/** Only warned of: the file may have been written for a newer version. */
function unknownKeys(keys: readonly string[], path: string): string[] {
  const known = OPTION_NAMES.flatMap((name) => optionOf(name).key ?? []);
  return keys
    .filter((key) => !known.includes(key))
    .map((key) => {
      const [best] = near(key, known);
      return `${path} has an unknown setting ${JSON.stringify(key)}${best ? `; did you mean "${best}"?` : '.'}`;
    });
}
