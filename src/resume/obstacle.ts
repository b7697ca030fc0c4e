/** Why a conversation must not be gone on with now. Two writers would tear it apart: whatever is in doubt is a reason. */
import { existsSync } from 'node:fs';
import { executableFor, type Resume } from '../agents/resume.ts';
import type { Conversation } from '../config/conversations.ts';
import { berths } from '../config/rendezvous.ts';
import { isRunning } from '../util/processes.ts';

export interface Here {
  /** The state directory. */
  readonly home: string;
  readonly userHome: string;
  readonly host: string;
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** How a program goes on with a conversation; undefined for those that cannot. */
  readonly resumeOf: (program: string) => Resume | undefined;
}

/** Undefined when nothing stands in the way, as far as this machine knows; the relay may know more. */
export function whyNot(here: Here, conversation: Conversation): string | undefined {
  const { program, host, cwd } = conversation;
  const resume = here.resumeOf(program);
  if (!resume) return `${program} has no way to go on with it unattended`;
  if (host !== here.host) return `it is on ${host}`;
  if (here.platform === 'win32') return 'Windows does not tell who has it open';
  if (!existsSync(cwd)) return 'its directory is gone';
  if (executableFor(resume, conversation.executable, here.env.PATH) === undefined)
    return `there is no ${resume.command} in the PATH`;
  return heldBySession(here, conversation) ?? resume.obstacle({ ...conversation, userHome: here.userHome });
}

function heldBySession({ home }: Here, { name, id }: Conversation): string | undefined {
  const there = berths(home).find((berth) => (berth.name === name || berth.agentSession === id) && isRunning(berth));
  return there && `open: its session process is ${there.pid}`;
}
