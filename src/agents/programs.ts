/**
 * The agent programs that we know. A program started by another inherits the other's environment, so those that run inside
 * others come first.
 */
import { antigravity } from './antigravity/program.ts';
import { claudeCode } from './claude-code/program.ts';
import { codex } from './codex/program.ts';
import { copilot } from './copilot/program.ts';
import { cursor } from './cursor/program.ts';
import { gemini } from './gemini/program.ts';
import { opencode } from './opencode/program.ts';
import type { AgentProgram } from './program.ts';
import { type ClientTraits, UNKNOWN_CLIENT } from './traits.ts';
import { vscode } from './vscode/program.ts';

export const PROGRAMS: readonly AgentProgram[] = [
  copilot,
  gemini,
  cursor,
  codex,
  opencode,
  claudeCode,
  antigravity,
  vscode,
];

export function programById(id: string | undefined): AgentProgram | undefined {
  return PROGRAMS.find((program) => program.id === id);
}

/** By the name that a client gives in `initialize`. */
export function programOfClient(name: string | undefined): AgentProgram | undefined {
  return PROGRAMS.find(({ clientName }) => clientName !== undefined && name?.startsWith(clientName));
}

/** A program that is not in the list gets what every program can take. */
export function traitsOf(clientName: string | undefined): ClientTraits {
  return { ...UNKNOWN_CLIENT, ...programOfClient(clientName)?.traits };
}
