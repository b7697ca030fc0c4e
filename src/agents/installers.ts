/** The installers, in the order of lists. A program more is a folder and a line here, and its name in `ids.ts`. */
import { antigravity } from './antigravity/install.ts';
import { claudeCode } from './claude-code/install.ts';
import { codex } from './codex/install.ts';
import { copilot } from './copilot/install.ts';
import { cursor } from './cursor/install.ts';
import { gemini } from './gemini/install.ts';
import { generic } from './generic/install.ts';
import { PROGRAM_IDS, type ProgramId } from './ids.ts';
import type { Installer } from './installer.ts';
import { opencode } from './opencode/install.ts';
import { vscode } from './vscode/install.ts';

const BY_ID: { readonly [id in ProgramId]: Installer } = {
  'claude-code': claudeCode,
  codex,
  opencode,
  copilot,
  gemini,
  antigravity,
  cursor,
  vscode,
  generic,
};

export const INSTALLERS: readonly Installer[] = PROGRAM_IDS.map((id) => BY_ID[id]);

export const installerOf = (id: ProgramId): Installer => BY_ID[id];
