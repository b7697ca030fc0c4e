import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { claudeCodeResume } from '../../../src/agents/claude-code/resume.ts';
import { namedProcess } from '../../support/named-process.ts';
import { tempDir } from '../../support/temp-dir.ts';

const ID = 'dcea5911-7b4d-4194-b2c6-4556c14249de';

function kept(over: { id?: string; variables?: Record<string, string> } = {}) {
  return { id: ID, cwd: tempDir(), userHome: tempDir(), variables: {}, ...over };
}

function register(config: string, pid: number, sessionId: string): void {
  mkdirSync(join(config, 'sessions'), { recursive: true });
  writeFileSync(join(config, 'sessions', `${pid}.json`), JSON.stringify({ pid, sessionId }));
}

describe('a conversation of Claude Code', () => {
  it('is gone on with by its id, in print mode, with nothing that skips a question', () => {
    expect(claudeCodeResume.args(ID, 'Go on.')).toEqual(['-p', '--resume', ID, 'Go on.']);
  });

  it('that nothing has open is free', () => {
    expect(claudeCodeResume.obstacle(kept())).toBeUndefined();
  });

  it('is open in the process that says so, wherever that runs', async () => {
    const here = kept();
    const pid = await namedProcess('claude', { cwd: tempDir() });
    register(join(here.userHome, '.claude'), pid, ID);
    expect(claudeCodeResume.obstacle(here)).toBe(`open in process ${pid} of Claude Code`);
  });

  it('is looked for in the directory that the program was told to use', async () => {
    const config = tempDir();
    const pid = await namedProcess('claude', { cwd: tempDir() });
    register(config, pid, ID);
    expect(claudeCodeResume.obstacle(kept())).toBeUndefined();
    expect(claudeCodeResume.obstacle(kept({ variables: { CLAUDE_CONFIG_DIR: config } }))).toContain(String(pid));
  });

  it('is free while a process of its directory is in another one', async () => {
    const here = kept();
    const pid = await namedProcess('claude', { cwd: here.cwd });
    register(join(here.userHome, '.claude'), pid, 'another');
    expect(claudeCodeResume.obstacle(here)).toBeUndefined();
  });

  it('may be open in a process of its directory that does not say', async () => {
    const here = kept();
    const pid = await namedProcess('claude', { cwd: here.cwd });
    expect(claudeCodeResume.obstacle(here)).toBe(`open in process ${pid} of Claude Code, in its directory`);
  });

  it('is free when the process that said so was killed', () => {
    const here = kept();
    register(join(here.userHome, '.claude'), 2 ** 22 + 1, ID);
    expect(claudeCodeResume.obstacle(here)).toBeUndefined();
  });

  it('is not open in our own session process', async () => {
    const here = kept();
    await namedProcess('claude-relay', { cwd: here.cwd });
    expect(claudeCodeResume.obstacle(here)).toBeUndefined();
  });
});
