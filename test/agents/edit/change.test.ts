import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { changesToInstall, changesToUninstall, kindOf } from '../../../src/agents/edit/change.ts';
import type { Edit } from '../../../src/agents/edit/edit.ts';
import type { FilePlan } from '../../../src/agents/edit/file-plan.ts';
import { memoryDir } from '../../support/temp-dir.ts';
import { write } from '../samples.ts';

/** Adds a line at the end. */
const honest: Edit = {
  put: (before) => ({
    text: `${before?.replace('ours\n', '') ?? ''}ours\n`,
    undo: before === undefined ? { made: true } : {},
  }),
  take(text, _file, undo) {
    const rest = text.replace('ours\n', '');
    return rest === '' && undo?.made ? undefined : rest;
  },
};

function planOf(edit: Edit, more: Partial<FilePlan> = {}): FilePlan {
  return { role: 'r', path: join(memoryDir(), 'f'), edit, holds: 'ours', ...more };
}

describe('what would change', () => {
  it.each([
    [undefined, 'created'],
    ['theirs\n', 'changed'],
    ['ours\n', 'unchanged'],
  ])('by installing where there is %j', (text, kind) => {
    const plan = planOf(honest);
    if (text !== undefined) write(plan.path, text);
    expect(changesToInstall('x', [plan], []).map(kindOf)).toEqual([kind]);
  });

  it.each([
    [undefined, 'unchanged'],
    ['theirs\n', 'unchanged'],
    ['theirs\nours\n', 'changed'],
    ['ours\n', 'removed'],
  ])('by taking out where there is %j', (text, kind) => {
    const plan = planOf(honest);
    if (text !== undefined) write(plan.path, text);
    const known = [{ program: 'x', role: 'r', path: plan.path, undo: { made: true } }];
    expect(changesToUninstall('x', [plan], known).map(kindOf)).toEqual([kind]);
  });

  it('is taken out where it is not wanted any more', () => {
    const plan = planOf(honest, { isWanted: false });
    write(plan.path, 'theirs\nours\n');
    const [change] = changesToInstall('x', [plan], []);
    expect(change).toMatchObject({ after: 'theirs\n', installed: undefined });
  });

  it('follows a link to the file', () => {
    const plan = planOf(honest);
    write(`${plan.path}.real`, 'theirs\n');
    symlinkSync('f.real', plan.path);
    const [change] = changesToInstall('x', [plan], []);
    expect(change?.target).toMatchObject({ path: plan.path, real: `${plan.path}.real` });
  });
});

describe('an edit that could not be undone', () => {
  const liars: readonly (readonly [string, Edit])[] = [
    ['loses a byte of theirs', { ...honest, put: () => ({ text: 'ours\n', undo: {} }) }],
    ['takes out too much', { ...honest, take: (text) => (text.includes('ours') ? '' : text) }],
    ['takes out nothing', { ...honest, take: (text) => text }],
    ['would leave a file that it made', { ...honest, put: (before) => ({ text: `${before ?? ''}ours\n`, undo: {} }) }],
  ];

  it.each(liars)('is not done when it %s', (_what, edit) => {
    const plan = planOf(edit);
    const isNew = edit === liars[3]?.[1];
    if (!isNew) write(plan.path, 'theirs\n');
    expect(() => changesToInstall('x', [plan], [])).toThrow(/could not be given back byte for byte/);
  });
});
