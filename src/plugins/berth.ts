/** Which session process stands beside a plugin: one that the same program started, for the same conversation or directory. */
import { realpathSync } from 'node:fs';
import { type Berth, berths } from '../config/rendezvous.ts';

export interface Sought {
  readonly program: string;
  /** The process that starts session processes: the agent program. */
  readonly parent: number;
  /** The program's id of the conversation, where it gives that to the session process, too. */
  readonly session?: string;
  /** Where it runs: one program may serve several directories, each with a session process of its own. */
  readonly cwd?: string;
}

/** The likeliest first. A message in a wrong conversation is worse than one that waits: when in doubt, none. */
export function berthsBeside(home: string, { program, parent, session, cwd }: Sought): readonly Berth[] {
  const there = berths(home).filter(
    (berth) => berth.parent === parent && (berth.program === undefined || berth.program === program),
  );
  if (cwd !== undefined) {
    const real = realPath(cwd);
    return there.filter((berth) => berth.cwd === real || berth.cwd === cwd);
  }
  const serving = there.filter(({ agentSession }) => agentSession === session);
  const unbound = there.filter(({ agentSession }) => agentSession === undefined);
  if (serving.length > 0 || unbound.length !== there.length) return serving;
  return unbound.length === 1 ? unbound : [];
}

/** A process tells its directory without links. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
