/** Which shell asks: the one that was named, else the nearest one above this process, else the user's login shell. */
import { basename } from 'node:path';
import { Failure } from '../util/failure.ts';
import { type ProcessFacts, processFacts } from '../util/processes.ts';
import type { Shell } from '../util/shell-quote.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const satisfies readonly Shell[];

export function isShell(word: string): word is Shell {
  return SHELLS.some((shell) => shell === word);
}

interface Asked {
  readonly env: NodeJS.ProcessEnv;
  /** For tests. */
  readonly facts?: (pid: number) => ProcessFacts | undefined;
  readonly parent?: number;
}

/** Between this process and the shell stand at most: a version manager's shim, `npx`, its `sh`. */
const DEPTH = 6;

export function shellFrom(named: string | undefined, asked: Asked): Shell {
  if (named !== undefined && isShell(named)) return named;
  const login = basename(asked.env.SHELL ?? '');
  const found = shellAbove(asked) ?? (isShell(login) ? login : undefined);
  if (found !== undefined) return found;
  throw new Failure('usage', 'It cannot be told which shell this is.', `Name it: ${SHELLS.join(', ')}.`);
}

function shellAbove({ facts = processFacts, parent = process.ppid }: Asked): Shell | undefined {
  let pid = parent;
  for (let i = 0; i < DEPTH; i += 1) {
    const found = facts(pid);
    if (found === undefined) return undefined;
    if (isShell(found.program)) return found.program;
    pid = found.parent;
  }
  return undefined;
}
