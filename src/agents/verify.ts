/** Asks a program by its own command whether it sees the relay. */
import type { Ran, Runner } from '../util/run.ts';
import { which } from '../util/which.ts';
import type { Check, Machine, Seen } from './installer.ts';

export interface Verdict {
  readonly seen: Seen | 'not asked' | 'no answer';
  /** What was run, or why nothing was. */
  readonly says: string;
}

export async function verify(check: Check | undefined, { env }: Machine, run: Runner): Promise<Verdict> {
  if (check === undefined) return { seen: 'not asked', says: 'it has no command that says so' };
  const [program, ...args] = check.command;
  const path = which(program, env.PATH);
  if (path === undefined) return { seen: 'not asked', says: `there is no ${program} in PATH` };
  const ran = await run(path, args);
  return { seen: isCut(ran) ? 'no answer' : check.read(ran), says: check.command.join(' ') };
}

/** It took too long: a program that cannot reach its vendor may wait for that. */
const isCut = ({ code }: Ran): boolean => code === 124;
