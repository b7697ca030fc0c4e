/** Codex, going on with a thread by `codex exec resume`. Facts as of 0.169.0. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { commandLineOf, openFilesOf } from '../../util/processes.ts';
import { type Kept, processesOf, type Resume } from '../resume.ts';

const EXECUTABLE = { command: 'codex' } as const;

export const codexResume: Resume = {
  ...EXECUTABLE,
  variables: ['CODEX_HOME'],
  args: (thread, prompt) => ['exec', 'resume', thread, prompt],
  obstacle: (kept) => openElsewhere(kept) ?? outsideOfGit(kept),
};

/** Whoever has a thread loaded has its rollout open; of one whose files cannot be seen nothing is known. */
function openElsewhere({ id }: Kept): string | undefined {
  const found = processesOf(EXECUTABLE).find((pid) => {
    const open = openFilesOf(pid);
    return open === undefined || open.some((path) => path.includes(id)) || commandLineOf(pid).includes(id);
  });
  return found === undefined ? undefined : `open in process ${found} of Codex`;
}

/** It could be told not to look (`--skip-git-repo-check`); but that is for its person to say. */
function outsideOfGit({ cwd }: Kept): string | undefined {
  for (let dir = cwd; ; dir = dirname(dir)) {
    if (existsSync(join(dir, '.git'))) return undefined;
    if (dir === dirname(dir)) return 'Codex works unattended only in a Git repository';
  }
}
