/** Asks a program by its own command whether it sees the relay. */
import type { Runner } from '../util/run.ts';
import { which } from '../util/which.ts';
import type { Check, Machine, Seen } from './installer.ts';

export interface Verdict {
  readonly seen: Seen | 'not asked';
  /** What was run, or why nothing was. */
  readonly says: string;
}

export async function verify(check: Check | undefined, { env }: Machine, run: Runner): Promise<Verdict> {
  if (check === undefined) return { seen: 'not asked', says: 'it has no command that says so' };
  const [program, ...args] = check.command;
  const path = which(program, env.PATH);
  if (path === undefined) return { seen: 'not asked', says: `there is no ${program} in PATH` };
  return { seen: check.read(await run(path, args)), says: check.command.join(' ') };
}
