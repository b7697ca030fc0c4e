/** Which session process a hook belongs to: the one that serves its conversation, else the one that its program started too. */
import { type Berth, berths } from '../config/rendezvous.ts';
import { ancestorsOf } from '../util/processes.ts';

export interface Asked {
  readonly program: string;
  /** The program's id of the conversation, when it says. */
  readonly session: string | undefined;
  readonly cwd: string;
}

/** The likeliest first; none when there is no such process. */
export function candidates(home: string, { program, session, cwd }: Asked, pid = process.pid): readonly Berth[] {
  const there = berths(home).filter((berth) => berth.program === undefined || berth.program === program);
  const serving = there.filter(({ agentSession }) => session !== undefined && agentSession === session);
  if (serving.length > 0 || there.length === 0) return serving;
  const ancestors = ancestorsOf(pid);
  const depth = ({ parent }: Berth) => ancestors.indexOf(parent);
  const siblings = there.filter((berth) => depth(berth) >= 0).sort((a, b) => depth(a) - depth(b));
  const [nearest] = siblings;
  const sameParent = siblings.filter(({ parent }) => parent === nearest?.parent);
  if (sameParent.length <= 1) return sameParent;
  // A daemon serves several conversations: of those that nobody has spoken for, the only one in this directory.
  const free = sameParent.filter((berth) => berth.agentSession === undefined && berth.cwd === cwd);
  return free.length === 1 ? free : [];
}
