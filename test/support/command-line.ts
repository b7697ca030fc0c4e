/** The command line without a process: the same parser and commands, in surroundings that a test makes up. */
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { Command, Surroundings } from '../../src/cli/command.ts';
import { COMMANDS } from '../../src/cli/commands/all.ts';
import { Output, type Sink } from '../../src/cli/output.ts';
import { runCommands } from '../../src/cli/program.ts';
import type { Ran, Runner } from '../../src/util/run.ts';

/** What was written, as one text. */
export class TextSink implements Sink {
  readonly isTTY: boolean;
  readonly columns: number;
  text = '';

  constructor({ isTTY = false, columns = 100 } = {}) {
    this.isTTY = isTTY;
    this.columns = columns;
  }

  write(text: string, done?: (error?: Error | null) => void): void {
    this.text += text;
    done?.();
  }
}

/** Answers what it was told to, by the beginning of the command line; keeps every call. */
export class FakeRunner {
  readonly calls: string[][] = [];
  readonly #answers: ReadonlyArray<readonly [start: string, answer: Partial<Ran>]>;

  constructor(answers: ReadonlyArray<readonly [string, Partial<Ran>]> = []) {
    this.#answers = answers;
  }

  readonly run: Runner = async (program, args) => {
    const call = [program, ...args];
    this.calls.push(call);
    const found = this.#answers.find(([start]) => call.join(' ').startsWith(start));
    return { code: 0, stdout: '', stderr: '', ...found?.[1] };
  };
}

export interface LineOptions extends Partial<Surroundings> {
  readonly home: string;
  readonly commands?: readonly Command[];
  readonly tty?: boolean;
  readonly input?: string;
}

export interface LineRan {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs `claude-relay …argv` to its end. */
export async function commandLine(argv: readonly string[], options: LineOptions): Promise<LineRan> {
  const { home, tty = false, input = '', env = {}, commands = COMMANDS, ...around } = options;
  const stdout = new TextSink({ isTTY: tty });
  const stderr = new TextSink({ isTTY: tty });
  const code = await runCommands(argv, {
    env: { CLAUDE_RELAY_HOME: home, PATH: process.env.PATH, ...env },
    cwd: '/work/here',
    platform: 'linux',
    userHome: join(home, 'user'),
    node: '/usr/bin/node',
    script: '/opt/claude-relay/dist/cli.mjs',
    stdin: Readable.from([input]),
    run: new FakeRunner().run,
    signal: new AbortController().signal,
    ...around,
    stdout,
    stderr,
    commands,
    version: '1.2.3',
  });
  return { code, out: stdout.text, err: stderr.text };
}

/** An Output on two texts. */
export function textOutput(options: { tty?: boolean; json?: boolean; noColor?: boolean } = {}) {
  const { tty = false, ...rest } = options;
  const stdout = new TextSink({ isTTY: tty });
  const stderr = new TextSink({ isTTY: tty });
  return { out: new Output({ stdout, stderr, ...rest }), stdout, stderr };
}
