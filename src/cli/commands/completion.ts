/** `completion bash|zsh|fish`: a completion script made from the descriptions of the commands. */
import { optionOf } from '../../config/options.ts';
import { EXIT, Failure } from '../../util/failure.ts';
import { fishQuote, shellQuote } from '../../util/shell-quote.ts';
import type { Command, Context } from '../command.ts';
import { SHELLS, shellFrom } from '../shell.ts';

export const completion: Command = {
  name: 'completion',
  summary: 'Print a completion script for your shell.',
  arguments: [
    { name: 'shell', sentence: 'which shell; the one that runs this when left out', optional: true, choices: SHELLS },
  ],
  examples: [
    { line: 'claude-relay completion bash > claude-relay.bash', says: 'write it to a file', needs: 'nothing' },
    { line: 'eval "$(claude-relay completion bash)"', says: 'for this bash, or in ~/.bashrc', needs: 'nothing' },
    {
      line: 'claude-relay completion fish',
      says: 'for fish: save it as ~/.config/fish/completions/claude-relay.fish',
      needs: 'nothing',
    },
  ],
  run(ctx) {
    ctx.out.raw(scriptFor(ctx));
    return EXIT.ok;
  },
};

function scriptFor(ctx: Context): string {
  const shell = shellFrom(ctx.given.text('shell'), ctx);
  const paths = pathsOf(ctx.commands);
  switch (shell) {
    case 'bash':
      return bashScript(paths);
    case 'zsh':
      return zshScript(paths);
    case 'fish':
      return fishScript(paths);
    default:
      throw new Failure('usage', `There is no completion for ${shell satisfies never}.`);
  }
}

interface Flag {
  readonly flag: string;
  readonly short?: string | undefined;
  readonly takesValue: boolean;
  readonly choices: readonly string[];
  readonly sentence: string;
}

/** One command or subcommand: `service install`. */
interface Path {
  readonly words: readonly string[];
  readonly summary: string;
  readonly flags: readonly Flag[];
  /** What may follow as a word: subcommands, or the choices of its arguments. */
  readonly next: readonly string[];
}

function pathsOf(commands: readonly Command[], above: readonly string[] = []): Path[] {
  return commands
    .filter(({ hidden }) => hidden !== true)
    .flatMap((command) => {
      const words = [...above, command.name];
      const subcommands = command.subcommands ?? [];
      const choices = (command.arguments ?? []).flatMap((argument) => argument.choices ?? []);
      const next = [...subcommands.map(({ name }) => name), ...choices];
      const { summary } = command;
      return [{ words, summary, flags: flagsOf(command), next }, ...pathsOf(subcommands, words)];
    });
}

function flagsOf({ options = [], settings = [], json }: Command): Flag[] {
  const own = options.map(({ flag, short, value, choices = [], sentence }) => ({
    flag,
    short,
    takesValue: value !== undefined,
    choices,
    sentence,
  }));
  const shared = settings.flatMap((name): Flag[] => {
    const { flag, value, sentence } = optionOf(name);
    return flag === undefined ? [] : [{ flag, takesValue: value !== undefined, choices: [], sentence }];
  });
  const always = [
    ...(json ? [{ flag: '--json', takesValue: false, choices: [], sentence: 'Print JSON.' }] : []),
    { flag: '--help', short: '-h', takesValue: false, choices: [], sentence: 'Help, with examples.' },
  ];
  return [...own, ...shared, ...always];
}

/**
 * The part that bash and zsh share: `words` so far, without flags and their values, are the `line`; `case` answers what may
 * be `offered` after it. After a flag with choices those are, after any other flag with a value nothing: then it is files.
 */
function tables(paths: readonly Path[], word: string): string {
  const top = paths.filter(({ words }) => words.length === 1).map(({ words }) => words[0] ?? '');
  const lines = paths.map(({ words }) => words.join(' '));
  const cases = paths.map(({ words, flags, next }) => {
    const offered = [...next, ...flags.map(({ flag }) => flag)].join(' ');
    return `    ${shellQuote(words.join(' '))}) offered=${shellQuote(offered)} ;;`;
  });
  const values = paths.flatMap(({ words, flags }) =>
    flags.filter(({ takesValue }) => takesValue).map((flag) => valueCase(words, flag)),
  );
  return `    case "$line\${line:+ }${word}" in
      ${lines.map(shellQuote).join('|')}) line="$line\${line:+ }${word}" ;;
      *) break ;;
    esac
  done
  case "$line" in
    '') offered=${shellQuote(['help', ...top, '--help', '--version'].join(' '))} ;;
${cases.join('\n')}
  esac
  case "$line $previous" in
${values.join('\n')}
  esac`;
}

function valueCase(words: readonly string[], { flag, short, choices }: Flag): string {
  const spellings = [flag, ...(short === undefined ? [] : [short])].map((each) => `${words.join(' ')} ${each}`);
  return `    ${spellings.map(shellQuote).join('|')}) offered=${shellQuote(choices.join(' '))} ;;`;
}

function bashScript(paths: readonly Path[]): string {
  return `_claude_relay() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" line='' offered='' i
  for ((i = 1; i < COMP_CWORD && i < 3; i++)); do
${tables(paths, `\${COMP_WORDS[i]}`)}
  COMPREPLY=($(compgen -W "$offered" -- "$current"))
}
complete -o default -F _claude_relay claude-relay
`;
}

/** Works as a file of the function path and by \`eval\`. Not \`path\` for a variable: that is the PATH. */
function zshScript(paths: readonly Path[]): string {
  return `#compdef claude-relay
_claude_relay() {
  local previous="\${words[CURRENT-1]}" line='' offered='' i
  for ((i = 2; i < CURRENT && i < 4; i++)); do
${tables(paths, `\${words[i]}`)}
  if [[ -n "$offered" ]]; then
    compadd -- \${=offered}
  else
    _files
  fi
}
if [[ "\${funcstack[1]}" == _claude-relay ]]; then
  _claude_relay "$@"
else
  compdef _claude_relay claude-relay
fi
`;
}

function fishScript(paths: readonly Path[]): string {
  const lines = ['complete -c claude-relay -e'];
  for (const { words, summary, flags, next } of paths) {
    const [first = '', second] = words;
    const above = second === undefined ? '__fish_use_subcommand' : `__fish_seen_subcommand_from ${first}`;
    const inside = insideFish(words, paths);
    lines.push(`complete -c claude-relay -n ${fishQuote(above)} -f -a ${words.at(-1)} -d ${fishQuote(summary)}`);
    if (next.length > 0)
      lines.push(`complete -c claude-relay -n ${fishQuote(inside)} -f -a ${fishQuote(next.join(' '))}`);
    for (const flag of flags) lines.push(`complete -c claude-relay -n ${fishQuote(inside)} ${fishFlag(flag)}`);
  }
  return `${lines.join('\n')}\n`;
}

/** fish knows which words were seen, not in which order: `service install` is not `install`. */
function insideFish(words: readonly string[], paths: readonly Path[]): string {
  const seen = words.map((word) => `__fish_seen_subcommand_from ${word}`);
  const parents = paths
    .filter((other) => words.length === 1 && other.words[1] === words[0])
    .map((other) => other.words[0]);
  const others = parents.map((parent) => `not __fish_seen_subcommand_from ${parent}`);
  return [...seen, ...others].join('; and ');
}

function fishFlag({ flag, short, takesValue, choices, sentence }: Flag): string {
  const value = takesValue ? ` -r${choices.length > 0 ? ` -f -a ${fishQuote(choices.join(' '))}` : ''}` : '';
  const dash = short === undefined ? '' : ` -s ${short.slice(1)}`;
  return `-l ${flag.slice(2)}${dash}${value} -d ${fishQuote(sentence)}`;
}
