import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { changesToInstall, changesToUninstall } from '../../../src/agents/edit/change.ts';
import { unifiedDiff } from '../../../src/agents/edit/diff.ts';
import type { FilePlan } from '../../../src/agents/edit/file-plan.ts';
import { ownedFile } from '../../../src/agents/edit/owned.ts';
import { tomlEdit } from '../../../src/agents/edit/toml.ts';
import { memoryDir } from '../../support/temp-dir.ts';
import { write } from '../samples.ts';

const edit = tomlEdit([{ path: ['a'], value: () => ({ b: 1 }), isOurs: () => true }]);
const planOf = (more: Partial<FilePlan> = {}): FilePlan => ({
  role: 'r',
  path: join(memoryDir(), 'f'),
  edit,
  holds: '',
  ...more,
});

function diffOf(plan: FilePlan, work: typeof changesToInstall): string {
  return work('x', [plan], []).map(unifiedDiff).join('').replaceAll(plan.path, 'F');
}

describe('the diff', () => {
  it('of a new file', () => {
    expect(diffOf(planOf(), changesToInstall)).toBe('--- /dev/null\n+++ F\n@@ -0,0 +1,2 @@\n+[a]\n+b = 1\n');
  });

  it('of a change, with two lines around it', () => {
    const plan = planOf();
    write(plan.path, '1 = 1\n2 = 2\n3 = 3');
    expect(diffOf(plan, changesToInstall)).toBe(
      '--- F\n+++ F\n@@ -1,3 +1,6 @@\n 1 = 1\n 2 = 2\n-3 = 3\n\\ No newline at end of file\n+3 = 3\n+\n+[a]\n+b = 1\n\\ No newline at end of file\n',
    );
  });

  it('of a file with CRLF has lines like any other', () => {
    const plan = planOf();
    write(plan.path, 'x = 1\r\n');
    expect(diffOf(plan, changesToInstall)).toBe('--- F\n+++ F\n@@ -1,1 +1,4 @@\n x = 1\n+\n+[a]\n+b = 1\n');
  });

  it('of nothing is empty', () => {
    const plan = planOf();
    write(plan.path, '[a]\nb = 1\n');
    expect(diffOf(plan, changesToInstall)).toBe('');
  });

  it('of a file that goes', () => {
    const plan = planOf();
    write(plan.path, 'ours');
    const owned = ownedFile({ content: () => '', isOurs: () => true });
    expect(diffOf({ ...plan, edit: owned }, changesToUninstall)).toMatch(
      /^--- F\n\+\+\+ \/dev\/null\n@@ -1,1 \+0,0 @@\n-ours\n/,
    );
  });

  it('of a program’s worth of text says where it is from', () => {
    const owned = ownedFile({ content: () => 'a\nb\n', isOurs: () => true });
    const plan = planOf({ edit: owned, source: '/dist/plugin.mjs' });
    expect(diffOf(plan, changesToInstall)).toBe('--- /dev/null\n+++ F\n(the text of /dist/plugin.mjs: 3 lines)\n');
    write(plan.path, 'x');
    expect(diffOf(plan, changesToUninstall)).toBe('--- F\n+++ /dev/null\n(all of it)\n');
  });
});
