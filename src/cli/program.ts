/** Makes the parser from the descriptions of the commands, runs the one that was asked for, answers the exit code. */
import { CommanderError, Command as Parser, Option as ParserOption, Argument as Positional } from 'commander';
import { defaultText } from '../config/document.ts';
import { type Config, type Flags, loadConfig } from '../config/load.ts';
import { type OptionName, optionOf } from '../config/options.ts';
import type { Raw } from '../config/values.ts';
import { EXIT } from '../util/failure.ts';
import { safeText } from '../util/safe-text.ts';
import type { Argument, Command, CommandOption, Context, Surroundings } from './command.ts';
import { Given } from './given.ts';
import { Output, type Sink } from './output.ts';

interface Streams {
  readonly stdout: Sink;
  readonly stderr: Sink;
}

interface ProgramInput extends Surroundings, Streams {
  readonly commands: readonly Command[];
  readonly version: string;
}

const EPILOGUE = `
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no relay, 4 the relay refused, 5 nothing came in time,
65 damaged data, 78 unsafe configuration. Every command has --help with examples; commands that read have --json.`;

/** `argv` without node and script. */
export async function runCommands(argv: readonly string[], input: ProgramInput): Promise<number> {
  let exit: number = EXIT.ok;
  const run = async (command: Command, parser: Parser) => {
    exit = await runCommand(command, parser, input);
  };
  const root = skeleton(new Parser('claude-relay'), input)
    .description('A relay through which agent sessions, people and scripts write to each other.')
    .version(input.version, '-V, --version', 'print the version')
    .helpCommand('help [command]', 'help for a command')
    .addHelpText('after', EPILOGUE);
  for (const command of input.commands)
    root.addCommand(parserOf(command, input, run), { hidden: command.hidden === true });
  try {
    if (argv.length === 0) root.help();
    await root.parseAsync(argv, { from: 'user' });
    return exit;
  } catch (error) {
    return error instanceof CommanderError ? parserExit(error) : outputFor(undefined, input).fail(error);
  }
}

/** Help that was asked for is no error; everything else that the parser says is one of usage. */
function parserExit(error: CommanderError): number {
  return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
}

function skeleton(parser: Parser, { stdout, stderr }: Streams): Parser {
  return parser
    .exitOverride()
    .showSuggestionAfterError(true)
    .configureHelp({ showGlobalOptions: false })
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      getOutHelpWidth: () => stdout.columns ?? 100,
      getErrHelpWidth: () => stderr.columns ?? 100,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
      outputError: (text, write) => write(parserSentence(text)),
    });
}

/** `error: unknown option '--x'\n(Did you mean --y?)` in our voice, on one line; the words come from the command line. */
function parserSentence(text: string): string {
  const words = safeText(
    text
      .replace(/^error: /, '')
      .trim()
      .replaceAll('\n', ' '),
  );
  return `claude-relay: ${words.charAt(0).toUpperCase()}${words.slice(1)}\n  See: claude-relay help\n`;
}

type Run = (command: Command, parser: Parser) => Promise<void>;

function parserOf(command: Command, input: ProgramInput, run: Run): Parser {
  const parser = skeleton(new Parser(command.name), input).summary(command.summary).description(description(command));
  for (const argument of command.arguments ?? []) parser.addArgument(positionalOf(argument));
  for (const option of command.options ?? []) parser.addOption(optionFor(option));
  for (const name of command.settings ?? []) parser.addOption(settingFlag(name));
  if (command.json) parser.addOption(new ParserOption('--json', 'print JSON'));
  if (command.run !== undefined) parser.addOption(new ParserOption('--no-color', optionOf('noColor').sentence));
  for (const each of command.subcommands ?? []) parser.addCommand(parserOf(each, input, run));
  parser.addHelpText('after', exampleText(command));
  if (command.run !== undefined) parser.action(() => run(command, parser));
  return parser.allowExcessArguments(false);
}

function description({ summary, details }: Command): string {
  return details === undefined ? summary : `${summary}\n\n${details}`;
}

function exampleText({ examples }: Command): string {
  const lines = examples.flatMap(({ line, says }) => [`  # ${says}`, `  ${line}`]);
  return `\nExamples:\n${lines.join('\n')}`;
}

function positionalOf({ name, sentence, optional, many, choices }: Argument): Positional {
  const spelled = `${name}${many ? '...' : ''}`;
  const positional = new Positional(optional ? `[${spelled}]` : `<${spelled}>`, sentence);
  return choices === undefined ? positional : positional.choices(choices);
}

function optionFor({ flag, short, value, sentence, choices, many }: CommandOption): ParserOption {
  const spelled = [short, flag].filter((word) => word !== undefined).join(', ');
  const option = new ParserOption(value === undefined ? spelled : `${spelled} <${value}>`, sentence);
  if (choices !== undefined) option.choices(choices);
  return many ? option.argParser(collect) : option;
}

/** Settings are always kept as they were written: the table checks them, and knows which were given. */
function settingFlag(name: OptionName): ParserOption {
  const entry = optionOf(name);
  const variables = [entry.envFirst, entry.env].filter((word) => word !== undefined).join(', ');
  const notes = [...(variables ? [variables] : []), `default: ${defaultText(entry)}`].join('; ');
  const spelled = entry.value === undefined ? `${entry.flag}` : `${entry.flag} <${entry.value}>`;
  const option = new ParserOption(spelled, `${entry.sentence} (${notes})`);
  return entry.type === 'list' ? option.argParser(collect) : option;
}

function collect(word: string, before: unknown): string[] {
  return [...(Array.isArray(before) ? before : []), word];
}

async function runCommand(command: Command, parser: Parser, input: ProgramInput): Promise<number> {
  const noColor = written(parser, '--no-color') === true;
  const out = outputFor({ json: parser.getOptionValue('json') === true, ...(noColor && { noColor }) }, input);
  try {
    const given = new Given(givenOf(command, parser));
    return (await command.run?.(contextOf(command, parser, input, { given, out }))) ?? EXIT.ok;
  } catch (error) {
    return out.fail(error);
  }
}

/** The settings are read when they are first asked for: what needs none works with whatever is wrong with them. */
function contextOf(
  command: Command,
  parser: Parser,
  input: ProgramInput,
  { given, out }: Pick<Context, 'given' | 'out'>,
): Context {
  const { env, userHome } = input;
  let config: Config | undefined;
  const load = (): Config => {
    const where = ['cli', ...(command.where ?? [])] as const;
    const loaded = loadConfig({ where, flags: settingFlags(command, parser), env, userHome });
    for (const warning of loaded.warnings) out.warn(warning);
    return loaded;
  };
  return {
    ...input,
    given,
    out,
    get config() {
      config ??= load();
      return config;
    },
  };
}

function outputFor(options: { json?: boolean; noColor?: boolean } | undefined, input: ProgramInput): Output {
  const { stdout, stderr, env } = input;
  return new Output({ stdout, stderr, noColor: Boolean(env.NO_COLOR), ...options });
}

function settingFlags(command: Command, parser: Parser): Flags {
  const flags: { [N in OptionName]?: Raw } = {};
  for (const name of command.settings ?? []) {
    const value = written(parser, optionOf(name).flag ?? '');
    if (value !== undefined) flags[name] = value;
  }
  return flags;
}

/** What stood there for a flag; undefined when it did not. The framework turns `--no-x` into an x that is false. */
function written(parser: Parser, flag: string): string | true | readonly string[] | undefined {
  const option = parser.options.find(({ long }) => long === flag);
  const key = option?.attributeName() ?? '';
  if (option === undefined || parser.getOptionValueSource(key) !== 'cli') return undefined;
  const value: unknown = parser.getOptionValue(key);
  if (Array.isArray(value)) return value.map(String);
  return typeof value === 'string' ? value : true;
}

function* givenOf(command: Command, parser: Parser): Generator<readonly [string, ReturnType<typeof written>]> {
  for (const { flag } of command.options ?? []) yield [flag, written(parser, flag)];
  for (const [i, { name }] of (command.arguments ?? []).entries()) {
    const value: unknown = parser.processedArgs[i];
    if (Array.isArray(value)) yield [name, value.map(String)];
    else if (typeof value === 'string') yield [name, value];
  }
}
