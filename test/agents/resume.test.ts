import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PROGRAMS } from '../../src/agents/programs.ts';
import { executableFor, processesOf, runningFile } from '../../src/agents/resume.ts';
import { namedProcess } from '../support/named-process.ts';
import { tempDir } from '../support/temp-dir.ts';

const fake = { command: 'fake', variables: [], args: () => [], obstacle: () => undefined };

/** Words with which programs are told not to ask. */
const SKIPS = /danger|bypass|skip|yolo|allow-all|approve|auto|trust/i;

describe('programs that can go on with a conversation', () => {
  const able = PROGRAMS.flatMap(({ id, resume }) => (resume ? [{ id, resume }] : []));

  it('are these', () => {
    expect(able.map(({ id }) => id)).toEqual(['codex', 'claude-code']);
  });

  it.each(able)('$id is never told to skip a question', ({ resume }) => {
    expect(resume.args('c-1', 'Go on.').filter((word) => SKIPS.test(word))).toEqual([]);
  });

  it.each(able)('$id keeps no secret of its environment', ({ resume }) => {
    expect(resume.variables.filter((name) => !/_(HOME|DIR)$/.test(name))).toEqual([]);
  });
});

describe('its executable', () => {
  it('is the one that was used, as long as it is there', () => {
    expect(executableFor(fake, process.execPath, '')).toBe(process.execPath);
  });

  it('is the one on the PATH after an update took that away', () => {
    const dir = tempDir();
    writeFileSync(join(dir, 'fake'), '', { mode: 0o755 });
    expect(executableFor(fake, '/gone/fake', dir)).toBe(join(dir, 'fake'));
    expect(executableFor(fake, undefined, tempDir())).toBeUndefined();
  });
});

describe('what runs', () => {
  it('is known by its file', () => {
    expect(runningFile({ command: 'node' }, process.pid)).toBe(process.execPath);
    expect(runningFile({ command: 'fake', isIts: /node$/ }, process.pid)).toBe(process.execPath);
    expect(runningFile({ command: 'nod' }, process.pid)).toBeUndefined();
  });

  it.each(['fake', 'fake.js', 'fake-linux-x64'])('is known by its script: %s', async (name) => {
    const pid = await namedProcess(name, { cwd: tempDir() });
    expect(processesOf({ command: 'fake' })).toContain(pid);
  });

  it.each(['fakery', 'fake-relay'])('is another program: %s', async (name) => {
    const pid = await namedProcess(name, { cwd: tempDir() });
    expect(processesOf({ command: 'fake' })).not.toContain(pid);
  });
});
