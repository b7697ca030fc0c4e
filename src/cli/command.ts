/**
 * What a command of the command line is. One file a command in `commands/`, listed in `commands/all.ts`; help, the
 * parser, shell completion and the test that runs every example are all made from these descriptions.
 */
import type { Config } from '../config/load.ts';
import type { OptionName, Where } from '../config/options.ts';
import type { Runner } from '../util/run.ts';
import type { Given } from './given.ts';
import type { Output } from './output.ts';

export interface Argument {
  readonly name: string;
  readonly sentence: string;
  readonly optional?: boolean;
  /** The last one may take all words that are left. */
  readonly many?: boolean;
  readonly choices?: readonly string[];
}

/** A flag of this command alone; those of the table of settings are named in `settings`. */
export interface CommandOption {
  /** `--wait` */
  readonly flag: string;
  /** `-w` */
  readonly short?: string;
  /** How help names the value; absent: a switch. */
  readonly value?: string;
  readonly sentence: string;
  readonly choices?: readonly string[];
  /** May be repeated. */
  readonly many?: boolean;
}

/** What an example needs to run: the test runs those whose needs it can give. */
export type Needs = 'nothing' | 'relay' | 'terminal' | 'system';

export interface Example {
  /** A line for bash. */
  readonly line: string;
  readonly says: string;
  readonly needs: Needs;
}

export interface Command {
  readonly name: string;
  /** One sentence, for the list of commands. */
  readonly summary: string;
  /** More, for its own help. */
  readonly details?: string;
  /** Not in the list of commands: for scripts of ours. */
  readonly hidden?: boolean;
  readonly arguments?: readonly Argument[];
  readonly options?: readonly CommandOption[];
  /** Flags from the table of settings. */
  readonly settings?: readonly OptionName[];
  /** Whose settings are read and checked; `cli` always. */
  readonly where?: readonly Where[];
  /** Has `--json`; `ctx.out.isJson` says whether it was given. */
  readonly json?: boolean;
  readonly examples: readonly Example[];
  readonly subcommands?: readonly Command[];
  /** Resolves with the exit code (`EXIT`), or throws: a Failure or RelayError is told in a sentence and decides the code. */
  readonly run?: (ctx: Context) => Promise<number> | number;
}

/** The process around a command, so that a test can be one. */
export interface Surroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly platform: NodeJS.Platform;
  readonly userHome: string;
  /** Absolute path of the Node that runs this. */
  readonly node: string;
  /** Absolute path of the script that runs this. */
  readonly script: string;
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly run: Runner;
  /** Aborts at SIGINT and SIGTERM: whatever waits ends, and the command says goodbye. */
  readonly signal: AbortSignal;
}

export interface Context extends Surroundings {
  readonly given: Given;
  /** Read and checked when it is first asked for; throws a Failure that names what is wrong. */
  readonly config: Config;
  readonly out: Output;
  /** All commands, for those that describe them (completion). */
  readonly commands: readonly Command[];
}
