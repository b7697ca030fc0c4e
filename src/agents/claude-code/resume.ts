/** Claude Code, going on with a conversation by `claude -p --resume`. Facts as of 2.1.330. */
import { cwdOf } from '../../util/processes.ts';
import { type Kept, processesOf, type Resume } from '../resume.ts';
import { claudeConfigDir, registeredSessions } from './registry.ts';

const EXECUTABLE = {
  command: 'claude',
  // Its own updater keeps it under its version.
  isIts: /[\\/]claude[\\/]versions[\\/][^\\/]+$/,
} as const;

export const claudeCodeResume: Resume = {
  ...EXECUTABLE,
  variables: ['CLAUDE_CONFIG_DIR'],
  args: (conversation, prompt) => ['-p', '--resume', conversation, prompt],
  obstacle,
};

/** Those that run say in which conversation they are; one that does not say may be in any of its directory. */
function obstacle({ id, cwd, variables, userHome }: Kept): string | undefined {
  const sessions = registeredSessions(claudeConfigDir(variables, userHome));
  const found = processesOf(EXECUTABLE).find((pid) => {
    const said = sessions.get(pid);
    return said === undefined ? (cwdOf(pid) ?? cwd) === cwd : said === id;
  });
  if (found === undefined) return undefined;
  return `open in process ${found} of Claude Code${sessions.get(found) === undefined ? ', in its directory' : ''}`;
}
