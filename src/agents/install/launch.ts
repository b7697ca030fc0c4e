/**
 * How agent programs start us, and how an entry of ours is known again: by its shape, `… claude-relay mcp`,
 * `… claude-relay hook <program> <Event>` or `… hook.cjs <program> <Event>`, whatever Node and whatever directory it was installed with.
 */
import { fieldsOf } from '../../util/fields.ts';
import { shellQuote } from '../../util/shell-quote.ts';

/** The name of our MCP server in every program; its tools are called after it (`mcp__relay__relay_send`). */
export const SERVER = 'relay';

/**
 * The words that come before `mcp` or `hook`. Installed: absolute paths of Node and script, since what is on PATH may be
 * another one when the agent program starts. In a package for a program's own store: the command of that name.
 */
export type Launch = readonly [string, ...string[]];

export const PACKAGED: Launch = ['claude-relay'];

export function mcpCommand(launch: Launch): [string, ...string[]] {
  return [...launch, 'mcp'];
}

/** The hook has a file of its own beside the script: it starts sooner. */
export function hookCommand(launch: Launch, program: string, event: string): [string, ...string[]] {
  const [first, ...rest] = launch;
  const script = rest.pop();
  if (script === undefined) return [first, 'hook', program, event];
  return [first, ...rest, script.replace(/cli\.mjs$/, 'hook.cjs'), program, event];
}

/** For programs that hand the text to a shell. */
export function hookLine(launch: Launch, program: string, event: string): string {
  return hookCommand(launch, program, event).map(shellQuote).join(' ');
}

const BEFORE = String.raw`(?:^|[\\/ '"])`;
const SCRIPT = String.raw`${BEFORE}(?:claude-relay|dist[\\/]cli\.mjs)`;
const OUR_SCRIPT = new RegExp(`${SCRIPT}$`);

/** The command of an MCP server's entry, however the program writes it; empty when it has none (a server at a URL). */
export function argvOf(entry: unknown): readonly string[] {
  const { command, args } = fieldsOf(entry);
  return [command, args].flat().filter((word) => typeof word === 'string');
}

export function isOurServer(entry: unknown): boolean {
  return mcpAt(argvOf(entry)) > 0;
}

/** What the user added behind `mcp`, such as `--client-id CC-1`. */
export function extraArguments(entry: unknown): readonly string[] {
  const argv = argvOf(entry);
  const at = mcpAt(argv);
  return at > 0 ? argv.slice(at + 1) : [];
}

function mcpAt(argv: readonly string[]): number {
  return argv.findIndex((word, i) => word === 'mcp' && OUR_SCRIPT.test(argv[i - 1] ?? ''));
}

/** A hook's handler, with its arguments in a list or as one line for a shell. */
export function isOurHook(program: string): (handler: unknown) => boolean {
  const ours = new RegExp(`(?:${SCRIPT}['"]? hook|${BEFORE}dist[\\\\/]hook\\.cjs['"]?) ${program} \\w+$`);
  return (handler) => {
    const { command, args, bash } = fieldsOf(handler);
    const words = [command, args, bash].flat().filter((word) => typeof word === 'string');
    return ours.test(words.join(' '));
  };
}
