/**
 * Which agent program started this process, and the id that it gives its session, as far as the environment says. The facts
 * are from running the programs and from their documents; where a program
 * says nothing, neither does this. The environment holds keys of the program: it is read by name here, never copied or logged.
 */

import type { AgentProgram, Signs } from './program.ts';
import { PROGRAMS } from './programs.ts';

export interface AgentEnvironment {
  readonly program?: string;
  readonly version?: string;
  /** Fixed when the process was started; the session may have another by now, but it is the same conversation. */
  readonly agentSession?: string;
}

/** What the relay takes for an agent session's id; anything else is no id that one of the programs makes. */
const SESSION_ID = /^[A-Za-z0-9_.:-]{1,128}$/;
const WORD = /^[\x21-\x7e]{1,64}$/;

export function agentEnvironment(env: Readonly<Record<string, string | undefined>>): AgentEnvironment {
  const program = PROGRAMS.find(({ signs }) => signs?.marks.some((mark) => env[mark]));
  if (!program) return {};
  const signs: Partial<Signs> = program.signs ?? {};
  const version = wordOf(env, signs.version, WORD) ?? versionInAgentName(env, program.id);
  const agentSession = wordOf(env, signs.session, SESSION_ID);
  return {
    program: program.id,
    ...(version === undefined ? {} : { version }),
    ...(agentSession === undefined ? {} : { agentSession }),
  };
}

/** The id that this program gave our process in its environment. */
export function agentSessionOf(
  { signs }: AgentProgram,
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  return wordOf(env, signs?.session, SESSION_ID);
}

function wordOf(
  env: Readonly<Record<string, string | undefined>>,
  name: string | undefined,
  pattern: RegExp,
): string | undefined {
  const value = name === undefined ? undefined : env[name];
  return value !== undefined && pattern.test(value) ? value : undefined;
}

/** Claude Code says `AI_AGENT=claude-code_2-1-330_harness`. */
function versionInAgentName(env: Readonly<Record<string, string | undefined>>, program: string): string | undefined {
  const found = /^([a-z-]+)_(\d+(?:-\d+){1,3})_/.exec(env.AI_AGENT ?? '');
  return found?.[1] === program ? found[2]?.replaceAll('-', '.') : undefined;
}

/** The id that Codex puts into the `_meta` of every tool call; its environment has none. */
export function agentSessionOfCall(meta: Readonly<Record<string, unknown>>): string | undefined {
  const id = meta.threadId;
  return typeof id === 'string' && SESSION_ID.test(id) ? id : undefined;
}
