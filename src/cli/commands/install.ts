/** `install`: puts the relay into agent programs. Everything about them is loaded when it runs. */
import { PROGRAM_IDS } from '../../agents/ids.ts';
import { EXIT } from '../../util/failure.ts';
import type { Command } from '../command.ts';

export const install: Command = {
  name: 'install',
  summary: 'Put the relay into agent programs: its tools, and the hooks that bring messages to them.',
  details:
    'Without a program it says which there are, and what it would do. Files are merged, not rewritten: comments, order and line ends stay, a backup is kept, and ' +
    '`uninstall` gives back every byte. A file that is broken is left alone, and with it all others.',
  arguments: [{ name: 'program', sentence: 'which ones', optional: true, many: true, choices: PROGRAM_IDS }],
  options: [
    { flag: '--all', sentence: 'every program that is found here' },
    { flag: '--dry-run', sentence: 'print what would change as a diff, and change nothing' },
    { flag: '--allow-tools', sentence: 'let Claude Code use the tools of the relay without asking' },
    { flag: '--verify', sentence: 'ask each program by its own command whether it sees the relay; starts the program' },
  ],
  json: true,
  examples: [
    { line: 'claude-relay install', says: 'which programs are here, and what would be done', needs: 'nothing' },
    { line: 'claude-relay install claude-code codex --dry-run', says: 'see every change first', needs: 'nothing' },
    { line: 'claude-relay install --all', says: 'every program that is found', needs: 'system' },
    { line: 'claude-relay install generic', says: 'what to write into any other client', needs: 'nothing' },
  ],
  run: async (ctx) => (await import('../install.ts')).runInstall(ctx).then(() => EXIT.ok),
};
