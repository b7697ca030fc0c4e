import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PROJECT_FILE, readProject } from '../../src/config/project.ts';
import { STANCES } from '../../src/protocol/stance.ts';
import { tempDir } from '../support/temp-dir.ts';

function project(text?: string, inside = 'a/b') {
  const root = tempDir();
  const cwd = join(root, inside);
  mkdirSync(cwd, { recursive: true });
  if (text !== undefined) writeFileSync(join(root, PROJECT_FILE), text);
  return { root, cwd, file: join(root, PROJECT_FILE) };
}

describe('a project', () => {
  it('that says nothing leaves it to its user', () => {
    expect(readProject(project().cwd)).toEqual({ messages: 'accept', warnings: [] });
  });

  it.each(STANCES)('says %s for all directories in it', (messages) => {
    const { cwd } = project(JSON.stringify({ messages }));
    expect(readProject(cwd)).toEqual({ messages, warnings: [] });
  });

  it('is not loosened by one within it, nor by one around it', () => {
    for (const [outer, inner] of [
      ['hold', 'accept'],
      ['accept', 'hold'],
    ] as const) {
      const { cwd } = project(JSON.stringify({ messages: outer }));
      writeFileSync(join(cwd, PROJECT_FILE), JSON.stringify({ messages: inner }));
      expect(readProject(cwd).messages).toBe('hold');
    }
  });

  it('may lie behind a link, as checkouts do', () => {
    const { root } = project('{"messages":"refuse"}');
    const link = join(tempDir(), 'link');
    symlinkSync(root, link);
    expect(readProject(link).messages).toBe('refuse');
  });

  it.each([
    ['no JSON', '{'],
    ['nothing', ''],
    ['another word', '{"messages":"allow"}'],
    ['no word', '{"messages":true}'],
    ['a list', '["hold"]'],
    ['nothing of ours', '{}'],
    ['more than that', '{"messages":"accept","token":"x"}'],
    ['far too much', `{"messages":"accept"}${' '.repeat(70_000)}`],
  ])('that says %s holds messages, and why is told', (_what, text) => {
    const { cwd, file } = project(text);
    expect(readProject(cwd)).toEqual({
      messages: 'hold',
      warnings: [
        `${file} must say { "messages": "accept", "hold" or "refuse" } and nothing else; until then messages are held.`,
      ],
    });
  });

  it('whose file is a directory holds messages', () => {
    const { cwd, file } = project();
    mkdirSync(file);
    expect(readProject(cwd).messages).toBe('hold');
  });

  it('whose file cannot be read, here a link to itself, holds messages', () => {
    const { cwd, file } = project();
    symlinkSync(file, file);
    expect(readProject(cwd).messages).toBe('hold');
  });
});
