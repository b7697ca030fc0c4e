import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { codexResume } from '../../../src/agents/codex/resume.ts';
import { namedProcess } from '../../support/named-process.ts';
import { tempDir } from '../../support/temp-dir.ts';

const ID = '01a216c4-53fd-7323-b724-f77889dbbc96';

/** In a folder of a repository. */
function kept() {
  const repository = tempDir();
  const cwd = join(repository, 'deep/inside');
  mkdirSync(cwd, { recursive: true });
  mkdirSync(join(repository, '.git'));
  return { id: ID, cwd, userHome: tempDir(), variables: {} };
}

describe('a thread of Codex', () => {
  it('is gone on with by its id, with nothing that skips a question', () => {
    expect(codexResume.args(ID, 'Go on.')).toEqual(['exec', 'resume', ID, 'Go on.']);
  });

  it('that nothing has open is free, though another is open beside it', async () => {
    const here = kept();
    await namedProcess('codex', { cwd: here.cwd, open: join(tempDir(), 'rollout-2026-another.jsonl') });
    expect(codexResume.obstacle(here)).toBeUndefined();
  });

  it('is open in whatever process has its rollout open', async () => {
    const pid = await namedProcess('codex', { cwd: tempDir(), open: join(tempDir(), `rollout-2026-${ID}.jsonl`) });
    expect(codexResume.obstacle(kept())).toBe(`open in process ${pid} of Codex`);
  });

  it('outside of a Git repository is left: its person has to say that this is all right', () => {
    expect(codexResume.obstacle({ ...kept(), cwd: tempDir() })).toContain('Git repository');
  });
});
