/** Codex, going on with a thread by `codex exec resume`. Facts as of 0.169.0. */
import { commandLineOf, openFilesOf } from '../../util/processes.ts';
import { type Kept, processesOf, type Resume } from '../resume.ts';

const EXECUTABLE = { command: 'codex' } as const;

export const codexResume: Resume = {
  ...EXECUTABLE,
  variables: ['CODEX_HOME'],
  args: (thread, prompt) => ['exec', 'resume', thread, prompt],
  heldBy,
};

/** Whoever has a thread loaded has its rollout open; of one whose files cannot be seen nothing is known. */
function heldBy({ id }: Kept): string | undefined {
  const found = processesOf(EXECUTABLE).find((pid) => {
    const open = openFilesOf(pid);
    return open === undefined || open.some((path) => path.includes(id)) || commandLineOf(pid).includes(id);
  });
  return found === undefined ? undefined : `process ${found} of Codex`;
}
