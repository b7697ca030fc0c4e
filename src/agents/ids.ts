/** The agent programs that claude-relay can be installed into, by the names that people type; in the order of lists. */
export const PROGRAM_IDS = [
  'claude-code',
  'codex',
  'opencode',
  'copilot',
  'gemini',
  'antigravity',
  'cursor',
  'vscode',
  'generic',
] as const;

export type ProgramId = (typeof PROGRAM_IDS)[number];

export function isProgramId(word: string): word is ProgramId {
  return PROGRAM_IDS.some((id) => id === word);
}
