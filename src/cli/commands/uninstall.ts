/** `uninstall`: takes out of agent programs what `install` put in. */
import { PROGRAM_IDS } from '../../agents/ids.ts';
import { EXIT } from '../../util/failure.ts';
import type { Command } from '../command.ts';

export const uninstall: Command = {
  name: 'uninstall',
  summary: 'Take the relay out of agent programs again; what else is in their files stays as it is.',
  details:
    'Without a program it says where the relay is installed. Messages, names and keys stay; they are in the state directory.',
  arguments: [{ name: 'program', sentence: 'which ones', optional: true, many: true, choices: PROGRAM_IDS }],
  options: [
    { flag: '--all', sentence: 'every program that has something of the relay' },
    { flag: '--dry-run', sentence: 'print what would change as a diff, and change nothing' },
  ],
  json: true,
  examples: [
    { line: 'claude-relay uninstall', says: 'where is it installed?', needs: 'nothing' },
    { line: 'claude-relay uninstall codex', says: 'out of one program', needs: 'nothing' },
    { line: 'claude-relay uninstall --all --dry-run', says: 'see every change first', needs: 'nothing' },
  ],
  run: async (ctx) => (await import('../install.ts')).runUninstall(ctx).then(() => EXIT.ok),
};
