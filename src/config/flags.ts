/**
 * The small flag parser, for the entries that start without the command-line framework (`mcp`, `hook`). It knows exactly
 * the flags of the table: `--client-id CC-1`, `--client-id=CC-1`, `--legacy`; `--` ends the flags.
 */
import { Failure } from '../util/failure.ts';
import { near } from '../util/near.ts';
import type { Flags } from './load.ts';
import { OPTION_NAMES, type OptionName, optionOf, type Where } from './options.ts';
import type { Raw } from './values.ts';

interface Parsed {
  readonly flags: Flags;
  /** What is no flag, in order. */
  readonly rest: readonly string[];
}

export function flagsFor(where: Where): OptionName[] {
  return OPTION_NAMES.filter((name) => optionOf(name).flag !== undefined && optionOf(name).where.includes(where));
}

/** Throws a `usage` Failure for a flag that `where` does not have, and for one without its value. */
export function parseFlags(where: Where, argv: readonly string[]): Parsed {
  const flags: { [N in OptionName]?: Raw } = {};
  const rest: string[] = [];
  for (let i = 0; i < argv.length; i += 1) {
    const word = argv[i] ?? '';
    if (word === '--') return { flags, rest: [...rest, ...argv.slice(i + 1)] };
    if (!word.startsWith('-') || word === '-') {
      rest.push(word);
      continue;
    }
    const [flag, inline] = splitFlag(word);
    const name = known(where, flag);
    const takesNext = optionOf(name).value !== undefined && inline === undefined;
    if (takesNext) i += 1;
    flags[name] = merge(flags[name], given(name, flag, takesNext ? argv[i] : inline));
  }
  return { flags, rest };
}

function splitFlag(word: string): [string, string | undefined] {
  const at = word.indexOf('=');
  return at < 0 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)];
}

function known(where: Where, flag: string): OptionName {
  const names = flagsFor(where);
  const name = names.find((each) => optionOf(each).flag === flag);
  if (name !== undefined) return name;
  const [best] = near(
    flag,
    names.flatMap((each) => optionOf(each).flag ?? []),
  );
  throw new Failure('usage', `There is no flag ${JSON.stringify(flag)} here${best ? `; did you mean ${best}?` : '.'}`);
}

/** `--client-id --relay-url x` is a forgotten value, not a client called `--relay-url`. */
function given(name: OptionName, flag: string, value: string | undefined): string | true {
  if (optionOf(name).value === undefined) return value ?? true;
  if (value === undefined || value === '' || value.startsWith('--')) {
    throw new Failure('usage', `${flag} needs a value.`, `Write ${flag} <${optionOf(name).value}>.`);
  }
  return value;
}

function merge(before: Raw | undefined, value: string | true): Raw {
  if (value === true || before === undefined || typeof before === 'boolean') return value;
  return typeof before === 'string' ? [before, value] : [...before, value];
}
