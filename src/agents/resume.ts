/**
 * How a conversation that has ended is gone on with, without anybody in front of it. What a run may do is decided by the
 * program's own settings: no program is ever given a flag that skips a question.
 */
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { commandLineOf, executableOf, processIds } from '../util/processes.ts';
import { which } from '../util/which.ts';

/** A conversation, as far as a program needs to know it. */
export interface Kept {
  readonly id: string;
  readonly cwd: string;
  /** Those of `variables` that were set. */
  readonly variables: Readonly<Record<string, string>>;
  readonly userHome: string;
}

export interface Resume {
  /** Of its executable: on the PATH, and in the list of processes. */
  readonly command: string;
  /** Its own file under other names. */
  readonly isIts?: RegExp;
  /** Variables that say where it keeps its conversations. None that holds a secret. */
  readonly variables: readonly string[];
  /** What comes after the executable: goes on with exactly that conversation, once, and prints its last words on stdout. */
  args(conversation: string, prompt: string): readonly string[];
  /** Why not now: above all, that somebody has it open, or may have. Undefined only when nobody can. */
  obstacle(kept: Kept): string | undefined;
}

/** The file of the program that runs as `pid`; undefined when that is something else, such as a script's interpreter. */
export function runningFile({ command, isIts }: Pick<Resume, 'command' | 'isIts'>, pid: number): string | undefined {
  const file = executableOf(pid);
  return file !== undefined && (isCalled(file, command) || isIts?.test(file)) ? file : undefined;
}

/** The file that was used, or the one on the PATH where that is gone after an update. */
export function executableFor({ command }: Resume, used: string | undefined, path: string | undefined) {
  return used !== undefined && existsSync(used) ? used : which(command, path);
}

/** `/opt/bin/codex`, `codex-x86_64-linux`, `claude.exe`; not `claude-relay`. */
function isCalled(file: string, command: string): boolean {
  const name = basename(file);
  if (!name.startsWith(command)) return false;
  return /^($|\.|-(x86|x64|aarch|arm|linux|darwin|win))/.test(name.slice(command.length));
}

/** Processes of that program, whatever they do: by their file, or by one of the words that they were started with first. */
export function processesOf(program: Pick<Resume, 'command' | 'isIts'>): readonly number[] {
  return processIds().filter(
    (pid) =>
      runningFile(program, pid) !== undefined ||
      commandLineOf(pid)
        .slice(0, 3)
        .some((word) => isCalled(word, program.command)),
  );
}
